#!/bin/sh
# Makes the secrets of compose.yaml in the folder `secrets` beside it, each where it is not there yet.
# The certificate is the site's own: put tls.crt and tls.key into that folder.
set -eu
folder=${1:-$(dirname "$0")/secrets}

random() {
    head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n'
}

# The folder keeps other users of this machine out. The files are readable to all, because inside a container
# each is read by the user of its service, who has another number here.
mkdir -p "$folder"
chmod 0700 "$folder"
umask 0022
[ -s "$folder/POSTGRES_PASSWORD" ] || random > "$folder/POSTGRES_PASSWORD"
[ -s "$folder/CDS_PSEUDONYM_KEY" ] || random > "$folder/CDS_PSEUDONYM_KEY"
[ -s "$folder/CDS_DATABASE_URL" ] ||
    printf 'postgresql+psycopg://cds:%s@database/cds' "$(cat "$folder/POSTGRES_PASSWORD")" \
        > "$folder/CDS_DATABASE_URL"
