#!/usr/bin/env bash
# Makes what compose.yaml needs: passwords (.env), a key, an admin's key, and a self-signed certificate.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 077
if [ -e .env ]; then
  echo ".env exists: nothing was changed" >&2
  exit 1
fi
mkdir -p deploy/secrets/tls
openssl rand -hex 32 >deploy/secrets/key
openssl rand -hex 32 >deploy/secrets/admin-key
printf '"%s" "local";\n"%s" "operator";\n' "$(cat deploy/secrets/key)" "$(cat deploy/secrets/admin-key)" \
  >deploy/secrets/tls/keys
openssl req -x509 -newkey rsa:2048 -nodes -days 90 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
  -keyout deploy/secrets/tls/tls.key -out deploy/secrets/tls/tls.crt 2>/dev/null
printf 'POSTGRES_PASSWORD=%s\nGRAFANA_PASSWORD=%s\n' "$(openssl rand -hex 24)" "$(openssl rand -hex 16)" >.env
echo "made .env and deploy/secrets; the keys are in deploy/secrets/key and deploy/secrets/admin-key"
