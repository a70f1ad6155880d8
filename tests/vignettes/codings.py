"""The concepts of the stories, in the mixed code systems of real records.

Every code stands in the project's checked terminology or in the specification;
where none is verified the text stands alone.
"""

from tests.builders import concept

MRI_LUMBAR = concept(
    "MRI lumbar spine without contrast",
    snomed="394451000119106|Magnetic resonance imaging of lumbar spine without contrast (procedure)",
    cpt="72148",
)
MRI_LUMBAR_LOINC = concept("MR lumbar spine without contrast", loinc="30679-5")
MRI_THORACIC = concept("MRI thoracic spine without contrast", snomed="396171000119100", loinc="36532-0")
MRI_KNEE = concept("MRI knee", snomed="241641004", loinc="24802-1")
CT_LUMBAR = concept("CT lumbar spine without contrast", snomed="572091000119106", cpt="72131")

LOW_BACK_PAIN = concept("Low back pain", snomed="279039007")
LOW_BACK_PAIN_ICD = concept("Low back pain", icd10="M54.5")
LOW_BACK_PAIN_CM = concept("Low back pain, unspecified", icd10cm="M54.50")
CHRONIC_LOW_BACK_PAIN = concept("Chronic low back pain", snomed="278860009", icd10cm="M54.59")
SCIATICA_RIGHT = concept("Sciatica, right side (L5)", icd10cm="M54.31")
SCIATICA_BOTH = concept("Bilateral sciatica", snomed="15633361000119103")

FOOT_DROP = concept("Foot drop", snomed="6077001")
FOOT_DROP_RIGHT = concept("Foot drop, right foot", icd10cm="M21.371")
LEG_NUMBNESS = "309537005|Numbness of lower limb (finding)"

CAUDA_EQUINA = concept("Cauda equina syndrome", snomed="192970008", icd10cm="G83.4")
SADDLE_NUMBNESS = concept("Numbness of saddle area", snomed="449813001")
SADDLE_ANAESTHESIA = concept("Saddle anaesthesia", snomed="449813001|Numbness of saddle area (finding)")
SADDLE_PARAESTHESIA = concept("Saddle paraesthesia", snomed="91019004|Paresthesia (finding)")
RETENTION = concept("Retention of urine", snomed="267064002", icd10="R33")
HESITANCY = concept("Urinary hesitancy", snomed="5972002|Delay when starting to pass urine")
URINE_INCONTINENCE = concept("Urinary incontinence", snomed="165232002", icd10="R32")
FAECAL_INCONTINENCE = concept("Faecal incontinence", snomed="72042002", icd10cm="R15.9")
ERECTILE_DYSFUNCTION = concept("Erectile dysfunction", icd10cm="N52.9")
POST_VOID_RESIDUAL = concept("Post-void residual volume (bladder scan)", local="PVR")

TEMPERATURE = concept("Body temperature", loinc="8310-5")
CRP = concept("C reactive protein", loinc="1988-5")
INJECTING_DRUGS = concept("Intravenous drug user", snomed="228388006")
HIV = concept("HIV infection", snomed="86406008")
BREAST_CANCER = concept("Carcinoma of breast", snomed="254837009", icd10="C50")
COLON_CANCER = concept("Malignant neoplasm of colon", snomed="363406005", icd10="C18")
BASAL_CELL = concept("Basal cell carcinoma of nose", icd10cm="C44")
PROSTATE_CANCER = concept("Carcinoma of prostate", snomed="399068003", icd10="C61")
BONE_METASTASES = concept("Bone metastases", snomed="94222008", icd10cm="C79.51")
SPINE_TUMOUR = concept("Malignant tumour of spine", snomed="363438000")
LYMPHOMA_HISTORY = concept("Hx of lymphoma", snomed="429014004|History of malignant lymphoma")
NIGHT_PAIN = concept("Night pain", snomed="36163009")
DIABETES = concept("Type 2 diabetes mellitus", snomed="44054006", icd10="E11")

DISCECTOMY = concept("L4/L5 discectomy", snomed="178618008|Primary lumbar discectomy", cpt="63030")
FUSION = concept("Lumbar spinal fusion", snomed="50172003")
LAMINECTOMY = concept("Laminectomy", snomed="387731002|Excision of lamina of vertebra (procedure)")
LUMBAR_PUNCTURE = concept("Lumbar puncture", snomed="277762005", cpt="62270")
EPIDURAL_INJECTION = concept(
    "Lumbar epidural steroid injection",
    snomed="58611004|Epidural injection of anesthetic substance, therapeutic, lumbar, continuous",
    cpt="62322",
)

PREGNANCY = concept("Pregnancy, 25 weeks", snomed="77386006", icd10="Z33")
AORTIC_ANEURYSM = concept("Abdominal aortic aneurysm", snomed="233985008", icd10="I71.4")
CLAUSTROPHOBIA = concept("Claustrophobia", snomed="19887002")
PACEMAKER = concept("Cardiac pacemaker", snomed="14106009|Cardiac pacemaker, device (physical object)")
MR_UNSAFE = "C106047"

PHYSIOTHERAPY = concept("Physiotherapy", snomed="91251008|Physical therapy procedure")
EXERCISE_SESSION = concept("Physiotherapy, therapeutic exercise", cpt="97110")
PARACETAMOL = concept("Paracetamol 500 mg tablet", rxnorm="161", atc="N02BE01")
NAPROXEN = concept("Naproxen 250 mg tablet", rxnorm="7258", atc="M01AE02")
IBUPROFEN = concept("Ibuprofen 400 mg tablet", rxnorm="5640", atc="M01AE01")
DICLOFENAC = concept("Diclofenac 50 mg tablet", rxnorm="3355", atc="M01AB05")
CODEINE = concept("Codeine phosphate 30 mg tablet", rxnorm="2670")
AMITRIPTYLINE = concept("Amitriptyline 10 mg tablet", rxnorm="704")
PREDNISOLONE = concept("Prednisolone 30 mg daily", rxnorm="8638", atc="H02AB06")
