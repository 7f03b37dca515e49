#!/usr/bin/env bash
# Builds the image and pushes it under a tag of its own: the time, and the commit where there is one.
# usage: app/push.sh <repository URI>, with the credentials of the AWS CLI
set -euo pipefail
repository=${1:?usage: app/push.sh <repository URI, an output of the stack>}
registry=${repository%%/*}
# <account>.dkr.ecr.<region>.amazonaws.com
region=$(cut -d. -f4 <<<"$registry")
commit=$(git -C "$(dirname "$0")" rev-parse --short=7 HEAD 2>/dev/null || echo local)
tag=$(date -u +%Y%m%d-%H%M%S)-$commit

aws ecr get-login-password --region "$region" | docker login --username AWS --password-stdin "$registry"
# Fargate runs x86-64 unless the definition says otherwise, whatever this machine is.
docker build --platform linux/amd64 --provenance=false --build-arg VERSION="$tag" --tag "$repository:$tag" "$(dirname "$0")"
docker push "$repository:$tag"
echo "pushed $repository:$tag"
