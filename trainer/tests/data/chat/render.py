#!/usr/bin/env python3
"""Render every template with every conversation by transformers and write what it says to expected.json.

Needs: pip install transformers==5.17.0 jinja2==3.1.6 (no torch). The tests compare with the file; with --check nothing
is written, and the exit status says whether transformers still says the same.
The clock of the templates stands at 26 July 2024, as it does in the trainer."""
import datetime, json, pathlib, sys

import jinja2
from transformers import PreTrainedTokenizerFast
from transformers.utils import chat_template_utils

HERE = pathlib.Path(__file__).resolve().parent
TOKENIZER = HERE.parent.parent.parent / "src" / "tiny" / "tokenizer.json"


class FixedClock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2024, 7, 26)


def outcome(tokenizer, conversation, template, prompted):
    arguments = dict(conversation=conversation["messages"], tools=conversation.get("tools"),
                     chat_template=template, add_generation_prompt=prompted)
    try:
        text = tokenizer.apply_chat_template(tokenize=False, **arguments)
    except jinja2.exceptions.TemplateError as error:
        own = type(error) is jinja2.exceptions.TemplateError
        return {"raised": str(error)} if own else {"failed": True}
    except TypeError:
        return {"failed": True}
    out = {"text": text}
    if "generation %}" in template or "generation -%}" in template:
        masked = tokenizer.apply_chat_template(tokenize=True, return_dict=True, return_assistant_tokens_mask=True, **arguments)
        out["ids"], out["mask"] = list(masked["input_ids"]), list(masked["assistant_masks"])
    return out


def main():
    chat_template_utils.datetime = FixedClock
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(TOKENIZER), bos_token="<|bos|>", eos_token="<|im_end|>")
    conversations = json.loads((HERE / "conversations.json").read_text())
    expected = []
    for path in sorted((HERE / "templates").glob("*.jinja")):
        for conversation in conversations:
            for prompted in (False, True):
                result = outcome(tokenizer, conversation, path.read_text(), prompted)
                expected.append({"template": path.stem, "conversation": conversation["name"], "prompted": prompted, **result})
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in expected)
    text, path = f"[\n{lines}\n]\n", HERE / "expected.json"
    if "--check" in sys.argv:
        same = path.read_text() == text
        print(f"{len(expected)} renderings, {'as recorded' if same else 'OTHERS than recorded'}")
        sys.exit(0 if same else 1)
    path.write_text(text)


if __name__ == "__main__":
    main()
