# Every target is a list of steps in xtask/steps.toml; `make help` tells them.
# One step alone: make test STEP=clippy
.DEFAULT_GOAL := help
TARGETS := test demo soak bench fuzz audit conformance package image

.PHONY: $(TARGETS) setup help linker
$(TARGETS) setup help: linker
	@cargo xtask $@ $(STEP)

# Nothing in Rust links without a C toolchain, and so nothing below could install it.
linker:
	@command -v cc >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -q && apt-get install -qy --no-install-recommends build-essential; \
	  else \
	    echo "no C compiler: install one first, on Debian with: sudo apt-get install build-essential" >&2; exit 1; \
	  fi; }
