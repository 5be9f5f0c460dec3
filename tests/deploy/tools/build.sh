#!/bin/sh
# Builds a tool out of Go modules, once, and prints its path. Usage: build.sh NAME, one of those below.
# The pins are in FOLDER/go.mod and go.sum; what was built stays in ~/.cache, so that a fresh checkout finds it.
set -eu

case ${1:-} in
kustomize) folder=kustomize package=sigs.k8s.io/kustomize/kustomize/v5 ;;
compose) folder=compose package=. ;;
etcd) folder=etcd package=go.etcd.io/etcd/server/v3 ;;
versitygw) folder=versitygw package=github.com/versity/versitygw/cmd/versitygw ;;
kube-apiserver | kubectl) folder=kubernetes package=k8s.io/kubernetes/cmd/$1 ;;
*) echo "usage: build.sh kustomize|compose|etcd|versitygw|kube-apiserver|kubectl" >&2 && exit 2 ;;
esac
command -v go >/dev/null 2>&1 || {
    echo "clickstream: go not found: the tests of deploy/k8s build $1 with it. Install Go 1.24 or newer (https://go.dev/dl)" >&2
    exit 1
}
cd "$(dirname "$0")/$folder"
# Where a module wants a newer Go than is there, Go fetches that itself, also where its package was told not to.
export GOTOOLCHAIN="${GOTOOLCHAIN:-auto}"
pins=$(cat go.mod go.sum ./*.go 2>/dev/null | sha256sum | cut -c 1-12)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/clickstream/tools
tool=$cache/$1-$pins
mkdir -p "$cache"
if [ ! -x "$tool" ]; then
    exec 9>"$cache/$1.lock"
    flock 9
fi
if [ ! -x "$tool" ]; then
    echo "clickstream: building $1 -> $tool (once)" >&2
    # Kubernetes' staging modules carry their release as v0.x; the version that the programs tell is set by the linker.
    version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes 2>/dev/null || true)
    nice go build -trimpath -buildvcs=false -o "$tool.new" \
        -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=${version:-none}" "$package" >&2
    mv "$tool.new" "$tool"
fi
echo "$tool"
