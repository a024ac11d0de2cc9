"""A scene written out in English: one paragraph, who and what first, then light, camera and movement."""

import re
from collections.abc import Sequence

from models.expander import ExpansionRequest, SubjectWords, introduce, spoken_name
from models.paragraphs import Sentence, Table, first_match, within
from models.weaving import SENTENCE_END, Woven, weave
from reelhouse.clips import Role

MIN_WORDS, MAX_WORDS = 60, 110
FILLER = "The composition is calm and balanced, and the eye goes straight to what happens."
OPENERS = re.compile(
    r"the|a|an|he|she|it|they|we|one|two|three|in|on|at|as|by|under|over|his|her|"
    r"its|our|their|there|this|that|these|those|when|while|after|before|from|with|every|"
    r"some|many|several|all|both"
)
THIRD_PERSON = re.compile(
    r"(?:carries|climbs|dances|drinks|drives|eats|enters|flies|floats|glides|holds|jumps|lands|laughs|lies|"
    r"lifts|listens|looks|moves|opens|paints|picks|plays|points|pulls|pushes|reads|rests|rides|rises|rolls|"
    r"runs|sails|sits|sleeps|smiles|speaks|spins|stands|stops|swims|takes|talks|throws|tries|turns|waits|"
    r"wakes|walks|wears|works|writes)\b"
)
PARTICIPLE = re.compile(
    r"(?!(?:even|morn|spr|lightn|k|r|str|th|noth|everyth|someth|w|wedd|build)ing\b)[a-z]+ing\b"
)
CHANGES = re.compile(
    r"\b(?:becom|transform|morph|melt|grow|shrink|dissolv|burn|explod|break|shatter|bloom|wilt)(?:e?s|ing|ed)?\b"
    r"|\b(?:turns|turning|changes|changing) (?:in)?to\b|\bchanges (?:its|his|her|their)\b",
    re.IGNORECASE,
)
COLOURLESS = re.compile(
    r"black[- ]and[- ]white|monochrome|noir|sepia|pencil|charcoal|ink\b|silhouette", re.IGNORECASE
)
FLAT = re.compile(
    r"\bflat|\b2d\b|pixel|line art|paper|silhouette|minimal|studio|plain|seamless|backdrop", re.IGNORECASE
)
LIGHT: Table = (
    (
        r"\bshadow|\bdark|silhouette|chiaroscuro|backlit|black[- ]and[- ]white|monochrome|noir|sepia",
        "The contrast of light and dark stays strong and clear.",
    ),
    (
        r"\b(?!de)\w*light(?:s|ing|ed)?\b|\b(?:spot|sun|moon)?lit\b|\bglow|\bneon|\bcandle|\blamp|\blantern|\btorch|fire\b",
        "The light falls naturally on everything in view and models each form.",
    ),
    (
        r"underwater|under the sea|sea ?bed|coral|seabed",
        "Light filters down from above in soft, slowly moving rays.",
    ),
    (
        r"\bnight|midnight|moon|\bstars\b|starry",
        "The night is deep and calm, yet what matters stays clearly visible.",
    ),
    (
        r"sunset|dusk|golden hour|twilight",
        "Low, warm light comes in from one side and draws long, soft shadows.",
    ),
    (r"\bevening", "Warm, low evening light comes in from one side."),
    (r"\bfog|\bmist|\bhaz[ey]", "Pale, diffuse light softens every edge in the distance."),
    (r"\brain|\bstorm|drizzle|overcast|cloudy", "Soft grey light spreads evenly, without hard shadows."),
    (
        r"\bsnow|\bwinter|\bice\b|\bicy\b",
        "Pale, even light is reflected from below and keeps the shadows faint.",
    ),
    (
        r"\bmorning|sunrise|\bdawn",
        "Gentle, low morning light comes in from one side and draws long, soft shadows.",
    ),
    (
        r"\bnoon|midday|\bsunny|\bsun\b|\bsummer",
        "Clear sunlight brings out the shapes and makes short, crisp shadows.",
    ),
    (
        r"studio|seamless|backdrop|pack ?shot",
        "Even, soft studio light wraps round every form, with a faint shadow below.",
    ),
    (
        r"kitchen|\broom\b|bedroom|office|\bshop\b|\bcaf[eé]|indoors|library|workshop|restaurant|window",
        "Soft light comes in from one side and fills the room gently.",
    ),
)
DEFAULT_LIGHT = "Soft, natural light shapes every form with gentle shadows."
PACE = r"(?:(?P<pace>(?:very )?slow(?:ly)?|gent(?:le|ly)|quick(?:ly)?|fast|smooth(?:ly)?|stead(?:y|ily)) )?"
PACES = {"slow": "slowly", "gentle": "gently", "quick": "quickly", "fast": "quickly", "smooth": "smoothly"}
PACES |= {"steady": "steadily", "very slow": "very slowly"}
CAMERA: Table = (
    (
        r"(?:track(?:ing)?|truck(?:ing)?|dolly|slid(?:e|ing)|follow(?:ing)?)(?: shot)?"
        r"(?: to the)? (?P<where>left|right)",
        "The camera {pace} tracks to the {where}, keeping up with the action.",
    ),
    (
        r"pan(?:ning)?(?: shot)?(?: to the)? (?P<where>left|right)",
        "The camera {pace} pans to the {where} from one spot.",
    ),
    (r"tilt(?:ing)?(?: shot)? (?P<where>up|down)", "The camera {pace} tilts {where} from one spot."),
    (r"zoom(?:ing)?(?: shot)? (?P<where>in|out)", "The camera {pace} zooms {where}."),
    (r"(?:push|dolly|move|track)(?:ing)?[ -]in|dolly forward", "The camera {pace} moves closer."),
    (
        r"(?:pull|dolly|move|track)(?:ing)?[ -](?:out|back)|dolly backward",
        "The camera {pace} draws back and shows more of the surroundings.",
    ),
    (
        r"(?:orbit|arc|circl)(?:e|ing)?(?: shot)?(?: (?:to the )?(?P<where>left|right))?",
        "The camera {pace} circles round the centre of the picture.",
    ),
    (r"(?:crane|boom|pedestal|ris)(?:e|ing)?(?: shot)?(?: up)?", "The camera {pace} rises."),
    (r"(?:crane|boom|pedestal)(?: shot)? down", "The camera {pace} sinks."),
    (
        r"static|still|fixed|locked(?:[- ](?:off|down))?|tripod",
        "The camera stays perfectly still and lets the action play.",
    ),
    (r"hand[- ]?held", "The camera is held by hand and sways slightly with the action."),
    (r"(?:track|follow)(?:ing)?", "The camera {pace} follows the action."),
    (r"(?:aerial|drone)", "Seen from the air, the camera {pace} glides over the scene."),
    (
        r"(?P<where>extreme close|close|medium close|wide|medium|long|full|macro)(?:[- ]up)?",
        "A {where} shot, held steady.",
    ),
)
FRAMINGS = {"close": "close-up", "extreme close": "extreme close-up", "medium close": "medium close-up"}
MOVEMENT: Table = (
    (r"stop[- ]motion|claymation|pixel|glitch|jerk", ""),
    (r"time[- ]?lapse|hyperlapse", "Time passes quickly and evenly."),
    (r"slow[- ]motion", "Every phase of the movement can be followed, smooth from start to finish."),
    (
        r"\bstill\b|motionless|frozen|sleep|\brests?\b|stands? on a (?:table|shelf|plinth|podium)|\blies\b",
        "Movement is slight and natural, never quite absent.",
    ),
)
DEFAULT_MOVEMENT = "Movement is smooth and natural, with believable weight and momentum."


def write_paragraph(request: ExpansionRequest) -> str:
    """Return the scene as one English paragraph with every description verbatim."""
    woven = weave(request.action.strip(" .,;:"), request.subjects, "en")
    given = f"{request.action} {request.style} {request.camera}"
    sentences = [
        *_opening(request, woven),
        Sentence(first_match(LIGHT, given) or DEFAULT_LIGHT, rank=1),
        Sentence(_camera(request.camera, request.action), rank=0 if request.camera.strip() else 1),
        Sentence(_movement(given), rank=3),
        Sentence(_likeness(request, woven), rank=2),
        Sentence(_depth(given), rank=4),
        Sentence(_length(request), rank=5),
    ]
    paragraph = " ".join(within(sentences, MAX_WORDS, _words))
    return paragraph if _words(paragraph) >= MIN_WORDS else f"{paragraph} {FILLER}"


def _words(text: str) -> int:
    return len(text.split())


def _opening(request: ExpansionRequest, woven: Woven) -> list[Sentence]:
    """Return the storyboard's own words as sentences: look, who, what, and who else is there."""
    apart = [s for s in woven.left_over if SENTENCE_END.search(s.description)]
    shown = [s for s in woven.left_over if s.description and s not in apart]
    cast = [s for s in shown if s.role.is_cut_out]
    settings = [s for s in shown if s.role is Role.BACKGROUND]
    looks = [s for s in shown if s.role is Role.STYLE]
    style = request.style.strip(" .,;:")
    has_sentences = bool(SENTENCE_END.search(style))
    lead = f"{_upper_first(style)}: " if style and not has_sentences else "In one continuous shot, "
    action = woven.text
    if not action:
        opening = f"{lead}the scene shows {_listed(cast or settings) or _names(request.subjects)}"
        cast, settings = [], settings if cast else []
    else:
        opening, cast = _first_sentences(request, woven, lead, action, cast)
    texts = [
        f"{opening}{'' if opening[-1] in '!?' else '.'}",
        f"Also in the scene: {_listed(cast)}." if cast else "",
        f"The background shows {_listed(settings)}." if settings else "",
        f"The look of the whole picture is that of {_listed(looks)}." if looks else "",
        *(introduce(subject, "en") for subject in apart),
        f"{_upper_first(style)}." if has_sentences else "",
    ]
    return [Sentence(text) for text in texts if text]


def _first_sentences(
    request: ExpansionRequest, woven: Woven, lead: str, action: str, cast: list[SubjectWords]
) -> tuple[str, list[SubjectWords]]:
    """Return the action behind its lead, and those of the cast it leaves without a place."""
    has_actor = any(s.role is Role.SUBJECT and s not in woven.left_over for s in request.subjects)
    if cast and not has_actor and (body := _with_actor(action, cast[0])):
        return f"{lead}{body}", cast[1:]
    if cast and len(cast) == sum(s.role.is_cut_out for s in request.subjects):
        return f"{lead}the scene shows {_listed(cast)}. {_upper_first(action)}", []
    return f"{lead}{_lower_opener(action)}", cast


def _names(subjects: Sequence[SubjectWords]) -> str:
    return " and ".join(spoken_name(subject) for subject in subjects)


def _with_actor(action: str, actor: SubjectWords) -> str | None:
    """Return “runs up a hill” or “she runs up a hill” with the actor's description as its subject."""
    description = actor.description
    pronoun = re.match(r"(?:she|he)\s+", action, re.IGNORECASE)
    if pronoun:
        action = action[pronoun.end() :]
    elif not (THIRD_PERSON.match(action.lower()) or PARTICIPLE.match(action.lower())):
        return None
    if not pronoun:
        action = action[0].lower() + action[1:]
    return f"{description}, {action}" if "," in description else f"{description} {action}"


def _listed(subjects: Sequence[SubjectWords]) -> str:
    words = [subject.description for subject in subjects]
    if not words:
        return ""
    if any("," in description for description in words):
        return "; ".join(words)
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lower_opener(action: str) -> str:
    """Begin in lower case after a colon or comma, unless the first word is a name."""
    first = re.match(r"[A-Za-z]+", action)
    return action[0].lower() + action[1:] if first and OPENERS.fullmatch(first[0].lower()) else action


def _likeness(request: ExpansionRequest, woven: Woven) -> str:
    if CHANGES.search(request.action):
        return ""
    named = [_called(s, woven.text) for s in request.subjects if s.role.is_cut_out]
    if not named:
        return ""
    names = [name for name in named if name]
    if len(names) < len(named) or len(names) > 3:
        who = "the main subject" if len(named) == 1 else "everyone and everything shown"
    else:
        who = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    qualities = (
        "shape, proportions and details" if COLOURLESS.search(request.style) else "shape, colours and details"
    )
    return f"The {qualities} of {who} stay the same from first to last."


def _called(subject: SubjectWords, text: str) -> str | None:
    """Return “the fox” or “Mia”, or None where the reader has not met that name."""
    name = spoken_name(subject)
    if not re.search(rf"\b{re.escape(name)}\b", f"{text} {subject.description}", re.IGNORECASE):
        name = name.split()[-1]
        if not re.search(rf"\b{re.escape(name)}\b", subject.description, re.IGNORECASE):
            return None
    in_text = re.search(rf"\b{re.escape(name)}\b", text)
    is_proper = name[0].isupper() or (in_text is None and re.search(rf"\b{re.escape(name.title())}\b", text))
    return name if is_proper else f"the {name}"


def _camera(camera: str, action: str) -> str:
    words = camera.strip(" .").lower()
    if not words:
        if re.search(
            r"\bcamera|close-up|\bzoom|\bshot\b|\bpans?\b|seen from|point of view", action, re.IGNORECASE
        ):
            return ""
        return "The camera drifts slowly and gently, keeping the action in the middle of the picture."
    for pattern, sentence in CAMERA:
        if found := re.fullmatch(
            rf"(?:an? )?{PACE}(?:{pattern})(?: shot)?(?: (?P<after>slowly|gently|smoothly))?", words
        ):
            groups = found.groupdict()
            pace = groups["pace"] or groups["after"] or "smoothly"
            where = groups.get("where") or ""
            return sentence.format(pace=PACES.get(pace, pace), where=FRAMINGS.get(where, where))
    return f"Camera: {camera.strip(' .')}."


def _movement(given: str) -> str:
    found = first_match(MOVEMENT, given)
    return DEFAULT_MOVEMENT if found is None else found


def _depth(given: str) -> str:
    if FLAT.search(given):
        return "Outlines stay clean and the composition stays simple and balanced."
    return "The surroundings have clear depth, from what is near to what is far away."


def _length(request: ExpansionRequest) -> str:
    if re.search(r"\bcuts?\b|montage|time[- ]?lapse", request.action, re.IGNORECASE):
        return ""
    if request.duration_s <= 3:
        return "It is one brief moment, easy to grasp at a glance."
    # Without a style the paragraph has opened with “In one continuous shot”.
    return "Everything happens in one take, without cuts." if request.style.strip() else ""
