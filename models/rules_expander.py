"""The prompt expander that needs no model: rules, always at hand, always the same.

It says what is in the storyboard and adds only what cannot contradict it: light where none was named, a calm
camera where none was asked for. English and Chinese each have their file.
"""

from models import chinese_rules, english_rules
from models.expander import RULES, ExpanderSpec, ExpansionRequest


class RulesExpander:
    """Writes 60 to 110 English words, or a comparable Chinese paragraph; more where more was given."""

    @property
    def spec(self) -> ExpanderSpec:
        """The table's own entry: there is no model to name."""
        return RULES

    def expand(self, request: ExpansionRequest) -> str:
        """See `PromptExpander.expand`; never raises."""
        return (chinese_rules if request.language == "zh" else english_rules).write_paragraph(request)
