"""What texts say: asserted, asked, denied, advised, of the family (specification 8.1.9, 8.2)."""

import pytest

from cds_service.record.facts import Trend
from cds_service.record.free_text import Said
from tests.record.records import shipped_guideline

ASSERTED = (
    ("Cauda equina syndrome", "cauda-equina"),
    ("cauda equine syndrome", "cauda-equina"),
    ("cuada equina", "cauda-equina"),
    ("CES", "cauda-equina"),
    ("CES +ve", "cauda-equina"),
    ("Lumbar disc prolapse with cauda equina compression", "cauda-equina"),
    ("numb saddle area", "saddle-numbness"),
    ("Saddle paraesthesia", "saddle-numbness"),
    ("saddle anesthesia", "saddle-numbness"),
    ("perianal numbness", "saddle-numbness"),
    ("altered genital sensation", "saddle-numbness"),
    ("Saddle sensation reduced", "saddle-numbness"),
    ("Numbness of both buttocks", "saddle-numbness"),
    ("cannot feel when wiping", "saddle-numbness"),
    ("Saddle numbness not improving", "saddle-numbness"),
    ("no improvement in saddle numbness", "saddle-numbness"),
    ("No trauma but numb saddle area", "saddle-numbness"),
    ("No fever, has saddle numbness", "saddle-numbness"),
    ("No fever; saddle numbness", "saddle-numbness"),
    ("no back pain. Saddle numbness", "saddle-numbness"),
    ("Patient denies incontinence but reports saddle numbness", "saddle-numbness"),
    ("Saddle numbness present, no incontinence", "saddle-numbness"),
    ("not passing urine, saddle numbness", "saddle-numbness"),
    ("not passing urine", "urinary-retention"),
    ("numbness between the legs", "saddle-numbness"),
    ("can't feel when he wipes", "saddle-numbness"),
    ("loss of sensation when wiping", "saddle-numbness"),
    ("numb private parts", "saddle-numbness"),
    ("numb down below", "saddle-numbness"),
    ("sacral sensory loss", "saddle-numbness"),
    ("S2-S4 sensory loss", "saddle-numbness"),
    ("unable to PU", "urinary-retention"),
    ("wet the bed", "urinary-incontinence"),
    ("dribbling urine", "urinary-incontinence"),
    ("bowel accident", "faecal-incontinence"),
    ("worsening neurology", "leg-weakness"),
    ("progressive neuro deficit", "leg-weakness"),
    ("power 3/5 left leg", "leg-weakness"),
    ("EHL 3/5", "leg-weakness"),
    ("ankle dorsiflexion 4+/5", "leg-weakness"),
    ("UMN signs", "upper-motor-sign"),
    ("can't weight bear", "gait-loss"),
    ("problems walking", "gait-disturbance"),
    ("on chemo", "cancer-treatment"),
    ("wt loss", "weight-loss"),
    ("IVDA", "injecting-drug-use"),
    ("heroin user", "injecting-drug-use"),
    ("recent epidural", "spinal-injection"),
    ("Potts", "spinal-tuberculosis"),
    ("? abscess", "spinal-infection"),
    ("unable to pass urine", "urinary-retention"),
    ("difficulty passing urine", "urinary-hesitancy"),
    ("incontinence since Monday", "urinary-incontinence"),
    ("incontinance", "urinary-incontinence"),
    ("lost control of his bladder", "urinary-incontinence"),
    ("incontinent of urine and faeces", "faecal-incontinence"),
    ("urge incontinence", "incontinence-stress-urge"),
    ("reduced anal tone", "anal-tone-reduced"),
    ("loss of rectal sensation", "rectal-sensation-lost"),
    ("bilateral sciatica", "bilateral-leg-symptoms"),
    ("Weakness of left leg", "leg-weakness"),
    ("L5 radiculopathy with foot drop", "foot-drop"),
    ("off legs", "gait-loss"),
    ("weak grip", "arm-weakness"),
    ("cord compression", "cord-compression"),
    ("infiltrating duct carcinoma", "cancer-high-risk"),
    ("Triple negative breast cancer", "cancer-high-risk"),
    ("CA breast", "cancer-high-risk"),
    ("Lung cancer with bone mets", "spinal-metastasis"),
    ("MSCC", "spinal-metastasis"),
    ("weight loss 10 kg in 3 months", "weight-loss"),
    ("Has had fevers, no weight loss", "fever"),
    ("Family history: nil. Fever for 3 days", "fever"),
    ("Discitis, organism not identified", "spinal-infection"),
    ("psoas abscess", "spinal-infection"),
    ("Pott's disease", "spinal-tuberculosis"),
    ("gram negative bacteraemia", "bacteraemia"),
    ("HIV positive", "immunosuppression"),
    ("IVDU", "injecting-drug-use"),
    ("L4/5 discectomy", "lumbar-surgery"),
    ("microdiscectomy", "lumbar-surgery"),
    ("facet joint injections", "spinal-injection"),
    ("cervical laminectomy", "other-spine-procedure"),
    ("dural tear", "csf-leak"),
    ("LBP", "low-back-pain"),
    ("LBP ?CES", "low-back-pain"),
    ("back pain, not incontinent, no numbness perianally", "back-pain-unspecified"),
    ("Sciatica", "radicular-pain"),
    ("BPH", "prostate-hyperplasia"),
    ("Long-term indwelling urinary catheter", "urinary-catheter"),
    ("Fall from height (4 m)", "major-trauma"),
    ("Pain-free since March", "pain-free"),
    ("RLE weakness", "leg-weakness"),
    ("BLE weakness", "leg-weakness"),
    ("weakness in R leg", "leg-weakness"),
    ("weakness (L) leg", "leg-weakness"),
    ("reduced power R LL", "leg-weakness"),
    ("power reduced right leg", "leg-weakness"),
    ("L5 weakness", "leg-weakness"),
    ("weakness L5", "leg-weakness"),
    ("weak dorsiflexion", "leg-weakness"),
    ("paralysis from waist down", "paraparesis"),
    ("dorsiflexion weakness", "leg-weakness"),
    ("quads weakness", "leg-weakness"),
    ("L ankle DF 3/5", "leg-weakness"),
    ("power L4/5 3/5", "leg-weakness"),
    ("cannot lift right foot", "leg-weakness"),
    ("knee buckling", "leg-weakness"),
    ("deteriorating gait", "gait-disturbance"),
    ("legs paralysed", "paraparesis"),
    ("paralysed from waist down", "paraparesis"),
    ("cannot hold urine", "urinary-incontinence"),
    ("no sensation of passing urine", "bladder-sensation-lost"),
    ("passing urine without feeling it", "bladder-sensation-lost"),
    ("difficulty PU", "urinary-hesitancy"),
    ("PR: lax tone", "anal-tone-reduced"),
    ("hypoaesthesia perineum", "saddle-numbness"),
    ("Change in bladder habits", "bladder-dysfunction"),
    ("Difficulty controlling bladder", "bladder-dysfunction"),
    ("AUR", "urinary-retention"),
    ("conus medullaris syndrome", "cauda-equina"),
    ("NHL", "cancer-high-risk"),
    ("DLBCL", "cancer-high-risk"),
    ("CLL", "cancer-high-risk"),
    ("AML", "cancer-high-risk"),
    ("metastatic RCC", "cancer-high-risk"),
    ("HCC", "cancer"),
    ("NPC", "cancer"),
    ("GIST", "cancer"),
    ("thymoma", "cancer"),
    ("lytic lesions", "spinal-metastasis"),
    ("LOA LOW", "weight-loss"),
    ("lost 8 kg in 2 months", "weight-loss"),
    ("PUO", "fever"),
    ("urosepsis", "sepsis"),
    ("RVD", "immunosuppression"),
    ("ESRF on HD", "dialysis"),
    ("IV heroin, last month", "injecting-drug-use"),
    ("Osteomyelitis", "recent-infection"),
    ("Diabetic foot infection", "recent-infection"),
    ("MRSA infection", "recent-infection"),
    ("Empyema", "recent-infection"),
    ("epidural empyema", "spinal-infection"),
    ("Erysipelas", "recent-infection"),
    ("Lumbar epidural", "spinal-injection"),
    ("L4/5 epidural", "spinal-injection"),
    ("not continent of urine", "urinary-incontinence"),
    ("bladder and bowel issues", "bladder-dysfunction"),
    ("reduced lower limb power", "leg-weakness"),
    ("Lower limb power 4/5", "leg-weakness"),
    ("losing weight without dieting", "weight-loss"),
    ("Intentional weight loss", "weight-loss-intended"),
    ("fall at home, falls risk assessment done", "minor-trauma"),
)
PROCEDURES = (
    ("Spinal surgery", "spinal-surgery-without-level"),
    ("Disc op", "spinal-surgery-without-level"),
    ("L4/5 nucleotomy", "lumbar-surgery"),
    ("OLIF L4/5", "lumbar-surgery"),
    ("recent back op", "lumbar-surgery"),
    ("had op on back 2/52", "lumbar-surgery"),
    ("Removal of lumbar metalwork", "lumbar-surgery"),
    ("Epidural blood patch", "spinal-injection"),
    ("Nerve root sheath injection", "spinal-injection"),
    ("Intrathecal injection", "lumbar-puncture"),
    ("Baclofen pump insertion", "stimulator-or-pump"),
    ("Sacroplasty", "vertebral-augmentation"),
    ("Vertebral biopsy", "spinal-procedure"),
    ("post op spine", "spinal-procedure"),
    ("postoperative low back pain", "spinal-procedure"),
    ("postoperative low back pain", "low-back-pain"),
    ("back pain since surgery", "spinal-procedure"),
    ("low back pain since surgery", "low-back-pain"),
    ("pain worse since epidural", "spinal-procedure"),
    ("post op day 5 discectomy", "spinal-surgery-without-level"),
)

QUERIED = (
    ("? cauda equina", "cauda-equina"),
    ("?CES", "cauda-equina"),
    ("CES?", "cauda-equina"),
    ("LBP ?CES", "cauda-equina"),
    ("Query CES", "cauda-equina"),
    ("r/o cauda equina", "cauda-equina"),
    ("to rule out CES", "cauda-equina"),
    ("Please exclude cauda equina", "cauda-equina"),
    ("CES not excluded", "cauda-equina"),
    ("CES cannot be excluded", "cauda-equina"),
    ("can't exclude early CES", "cauda-equina"),
    ("Differential: CES vs disc", "cauda-equina"),
    ("low suspicion of CES", "cauda-equina"),
    ("Suspected cauda equina syndrome", "cauda-equina"),
    ("metastatic spinal cord compression suspected", "spinal-metastasis"),
    ("GP letter: query infective discitis", "spinal-infection"),
    ("?discitis ?epidural abscess", "spinal-infection"),
    ("unsure if incontinent", "urinary-incontinence"),
    ("worried about cancer", "cancer"),
    ("TB not confirmed", "tuberculosis"),
    ("? sciatica", "radicular-pain"),
)
DENIED = (
    ("no RLE weakness", "leg-weakness"),
    ("no weakness in R leg", "leg-weakness"),
    ("no L5 weakness", "leg-weakness"),
    ("no dorsiflexion weakness", "leg-weakness"),
    ("no knee buckling", "leg-weakness"),
    ("no deteriorating gait", "gait-disturbance"),
    ("no difficulty PU", "urinary-hesitancy"),
    ("no hypoaesthesia perineum", "saddle-numbness"),
    ("no AUR", "urinary-retention"),
    ("no conus medullaris syndrome", "cauda-equina"),
    ("no NHL", "cancer-high-risk"),
    ("no CLL", "cancer-high-risk"),
    ("no HCC", "cancer"),
    ("no lytic lesions", "spinal-metastasis"),
    ("no LOA LOW", "weight-loss"),
    ("no PUO", "fever"),
    ("no urosepsis", "sepsis"),
    ("no RVD", "immunosuppression"),
    ("no Osteomyelitis", "recent-infection"),
    ("no MRSA infection", "recent-infection"),
    ("no Empyema", "recent-infection"),
    ("no Lumbar epidural", "spinal-injection"),
    ("no cauda equina", "cauda-equina"),
    ("CES ruled out", "cauda-equina"),
    ("CES excluded", "cauda-equina"),
    ("CES unlikely", "cauda-equina"),
    ("CES not suspected", "cauda-equina"),
    ("no suspicion of CES", "cauda-equina"),
    ("No features of cauda equina syndrome", "cauda-equina"),
    ("No evidence of cauda equina compression", "cauda-equina"),
    ("CES unlikely, but residual pending", "cauda-equina"),
    ("denies saddle anaesthesia", "saddle-numbness"),
    ("no numbness in the saddle area", "saddle-numbness"),
    ("Saddle anaesthesia: no", "saddle-numbness"),
    ("Saddle anaesthesia - nil", "saddle-numbness"),
    ("saddle anaesthesia -ve", "saddle-numbness"),
    ("no saddle anaesthesia or bladder/bowel dysfunction", "bowel-dysfunction"),
    ("Denies bladder or bowel disturbance, saddle numbness, leg weakness", "leg-weakness"),
    ("no red flags (no saddle anaesthesia, no incontinence)", "urinary-incontinence"),
    ("back pain, not incontinent, no numbness perianally", "urinary-incontinence"),
    ("no longer incontinent", "urinary-incontinence"),
    ("Nil bladder/bowel symptoms", "bladder-dysfunction"),
    ("No urinary retention; post-void residual 20 ml", "urinary-retention"),
    ("Patient has no fever", "fever"),
    ("Has had fevers, no weight loss", "weight-loss"),
    ("no foot drop", "foot-drop"),
    ("No weakness of legs but numb bottom", "leg-weakness"),
    ("no focal neurology", "leg-weakness"),
    ("Lumbar spondylosis without myelopathy or radiculopathy", "cord-compression"),
    ("Lumbar spondylosis without myelopathy or radiculopathy", "radicular-pain"),
    ("never had cancer", "cancer"),
    ("no numbness between legs", "saddle-numbness"),
    ("no loss of sensation when wiping", "saddle-numbness"),
    ("no numb private parts", "saddle-numbness"),
    ("no sacral sensory loss", "saddle-numbness"),
    ("not wet the bed", "urinary-incontinence"),
    ("no dribbling urine", "urinary-incontinence"),
    ("no bowel accidents", "faecal-incontinence"),
    ("no worsening neurology", "leg-weakness"),
    ("no progressive neuro deficit", "leg-weakness"),
    ("no UMN signs", "upper-motor-sign"),
    ("not on chemo", "cancer-treatment"),
    ("no wt loss", "weight-loss"),
    ("no IVDA", "injecting-drug-use"),
    ("no recent epidural", "spinal-injection"),
    ("has not had cancer", "cancer"),
    ("No h/o cancer, IVDU or immunosuppression", "immunosuppression"),
    ("no evidence of discitis or epidural abscess", "spinal-infection"),
    ("discitis excluded", "spinal-infection"),
    ("denies IVDU", "injecting-drug-use"),
    ("no previous back surgery", "lumbar-surgery"),
    ("No night pain", "night-pain"),
    ("no sciatica", "radicular-pain"),
)
ADVISED = (
    ("Return if saddle numbness or incontinence", "saddle-numbness"),
    ("Return if saddle numbness or incontinence", "urinary-incontinence"),
    ("If develops incontinence, attend A&E", "urinary-incontinence"),
    ("advised to return if loss of bladder control", "urinary-incontinence"),
    ("Advised to seek help if numb saddle, weak legs", "leg-weakness"),
    ("Warned about cauda equina symptoms", "cauda-equina"),
    ("Safety netted re CES", "cauda-equina"),
    ("CES leaflet given", "cauda-equina"),
    ("Discussed risk of CES", "cauda-equina"),
    ("risk of cauda equina", "cauda-equina"),
    ("In case of saddle numbness go to ED", "saddle-numbness"),
    ("red flags explained: saddle numbness, incontinence", "urinary-incontinence"),
    ("at risk of falls", "minor-trauma"),
    ("Counsel re incontinence", "urinary-incontinence"),
    ("saddle numbness, incontinence to seek care immediately", "saddle-numbness"),
)
FAMILY = (
    ("family history of breast cancer", "cancer-high-risk"),
    ("FHx: prostate cancer", "cancer-high-risk"),
    ("fam hx of breast cancer", "cancer-high-risk"),
    ("F/H breast cancer", "cancer-high-risk"),
    ("Mother had breast cancer", "cancer-high-risk"),
    ("Mother has breast cancer, he has weight loss", "cancer-high-risk"),
    ("father with lung cancer", "cancer-high-risk"),
    ("Sister - breast cancer", "cancer-high-risk"),
    ("Breast cancer in mother", "cancer-high-risk"),
)
# Texts that name a thing without saying that anybody has it, or that name nothing.
SILENT = (
    "no change in bladder habits",
    "lost 8 kg intentionally",
    "epidural lipomatosis",
    "PVR 400",
    "return if numb", "afebrile", "breast cancer screening", "benign tumour",
    "return if numb", "afebrile", "breast cancer screening", "benign tumour",
    "Fall risk", "Morse fall scale", "continent of bladder and bowel", "Bowel and bladder: nil issues",
    "no change in bladder or bowel habit", "Lower limb power 5/5",
    "saddle sensation intact", "anal tone normal", "bladder function normal", "overactive bladder",
    "tuberculosis contact", "screening for TB", "Fluid retention", "hay fever", "Carpal tunnel syndrome",
    "Impacted wisdom tooth", "chest pain at rest", "heart failure", "nil red flags", "Essential hypertension",
    "power 5/5 both legs", "EHL 5/5", "able to weight bear", "Pott's fracture", "no abscess", "red flags explained",
)  # fmt: skip


def said(text: str, concept: str) -> set[Said]:
    mentions = shipped_guideline().patterns.mentions(text)
    return {mention.said for mention in mentions if mention.concept == concept}


def rows(table: tuple[tuple[str, str], ...]) -> list[object]:
    return [pytest.param(text, concept, id=f"{text} ({concept})") for text, concept in table]


@pytest.mark.parametrize(("text", "concept"), rows(ASSERTED))
def test_words_assert(text: str, concept: str) -> None:
    assert said(text, concept) == {Said.ASSERTED}


@pytest.mark.parametrize(("text", "concept"), rows(PROCEDURES))
def test_words_name_procedures_of_the_spine(text: str, concept: str) -> None:
    assert Said.ASSERTED in said(text, concept)


@pytest.mark.parametrize(
    "text",
    [
        "knee operation last month", "post op day 3 appendicectomy", "post op follow up hip",
        "lumbar back pain, post op knee", "for surgery next week", "considering injection",
    ],
)  # fmt: skip
def test_words_of_other_operations_name_no_procedure_of_the_spine(text: str) -> None:
    pathway = shipped_guideline().patterns.pathway
    named = {mention.concept for mention in shipped_guideline().patterns.mentions(text)}
    assert not {concept for concept in named if pathway.get(concept) == "procedure"}


@pytest.mark.parametrize(("text", "concept"), rows(QUERIED))
def test_words_ask(text: str, concept: str) -> None:
    assert said(text, concept) == {Said.QUERIED}


@pytest.mark.parametrize(("text", "concept"), rows(DENIED))
def test_words_deny(text: str, concept: str) -> None:
    assert said(text, concept) == {Said.DENIED}


@pytest.mark.parametrize(("text", "concept"), rows(ADVISED))
def test_words_only_advise(text: str, concept: str) -> None:
    assert said(text, concept) == {Said.ADVISED}


@pytest.mark.parametrize(("text", "concept"), rows(FAMILY))
def test_words_speak_of_the_family(text: str, concept: str) -> None:
    assert said(text, concept) == {Said.FAMILY}


@pytest.mark.parametrize("text", SILENT)
def test_words_name_nothing(text: str) -> None:
    assert shipped_guideline().patterns.mentions(text) == ()


def test_the_table_of_words_is_long_and_half_of_it_asserts_nothing() -> None:
    unsure = len(QUERIED) + len(DENIED) + len(ADVISED) + len(FAMILY) + len(SILENT)
    assert len(ASSERTED) + unsure >= 120
    assert unsure >= 60


@pytest.mark.parametrize(
    ("text", "past"),
    [
        pytest.param("Hx of lymphoma", True, id="hx of"),
        pytest.param("h/o colon cancer", True, id="h/o"),
        pytest.param("previous melanoma", True, id="previous"),
        pytest.param("S/P L4/5 microdiscectomy", True, id="s/p"),
        pytest.param("ex-IVDU", True, id="ex"),
        pytest.param("lymphoma", False, id="plain"),
        pytest.param("no history; lymphoma", False, id="another sentence"),
    ],
)
def test_words_tell_the_past(text: str, past: bool) -> None:
    assert {mention.history for mention in shipped_guideline().patterns.mentions(text)} == {past}


@pytest.mark.parametrize(
    ("text", "trend"),
    [
        pytest.param("Numbness spreading down left leg", Trend.WORSENING, id="spreading"),
        pytest.param("progressive weakness", Trend.WORSENING, id="progressive"),
        pytest.param("acute on chronic back pain", Trend.WORSENING, id="acute on chronic"),
        pytest.param("was improving, now deteriorating", Trend.WORSENING, id="worsening beats improving"),
        pytest.param("improving", Trend.IMPROVING, id="improving"),
        pytest.param("it is settling", Trend.IMPROVING, id="settling"),
        pytest.param("no fever, improving", Trend.IMPROVING, id="a denial of something else"),
        pytest.param("chronic, improving", Trend.IMPROVING, id="improving beats stable"),
        pytest.param("long-standing", Trend.STABLE, id="long-standing"),
        pytest.param("unchanged since May", Trend.STABLE, id="unchanged"),
        pytest.param("not worsening", Trend.STABLE, id="not worsening"),
        pytest.param("no progression", Trend.STABLE, id="no progression"),
        pytest.param("not improving", None, id="not improving is not improving"),
        pytest.param("no better", None, id="no better"),
        *(
            pytest.param(text, None, id=text)
            for text in (
                "no longer improving",
                "stopped improving",
                "never improved",
                "little improvement",
                "no real improvement",
                "minimal improvement",
                "isn't getting better",
                "never gets better",
                "hoping to get better",
                "would be better",
                "hasn't improved",
                "sleep improved",
                "? improving",
                "sleep improved, pain the same",
                "pain improved",
                "knee pain improved",
            )
        ),
        pytest.param("failed to improve", None, id="failed to improve"),
        pytest.param("worse on walking", None, id="worse with a movement is no course"),
        pytest.param("better when lying", None, id="better in a position is no course"),
        pytest.param("Low back pain", None, id="nothing said"),
    ],
)
def test_words_tell_where_it_goes(text: str, trend: Trend | None) -> None:
    assert shipped_guideline().patterns.trend_in(text) is trend


@pytest.mark.parametrize(
    ("text", "of_pain", "of_another"),
    [
        ("pain improved", Trend.IMPROVING, None),
        ("pain is settling", Trend.IMPROVING, None),
        ("numbness improved", None, Trend.IMPROVING),
        ("pain not improved", None, None),
        ("improving", Trend.IMPROVING, Trend.IMPROVING),
    ],
)
def test_only_what_a_fact_is_about_improves(
    text: str, of_pain: Trend | None, of_another: Trend | None
) -> None:
    patterns = shipped_guideline().patterns
    assert patterns.trend_in(text, of_pain=True) is of_pain
    assert patterns.trend_in(text) is of_another
