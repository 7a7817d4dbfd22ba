.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin

PROTOS := $(shell find protos -name '*.proto')

.PHONY: help
help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

.PHONY: protos
protos: generated/.stamp  ## Generate Python from protos/ into generated/

generated/.stamp: $(PROTOS)
	rm -rf generated && mkdir -p generated
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m grpc_tools.protoc -I protos --python_out=generated --grpc_python_out=generated \
		--mypy_out=quiet:generated --mypy_grpc_out=quiet,async_only:generated $(PROTOS)
	touch $@
