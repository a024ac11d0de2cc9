"""What a language model is told: how to write a scene out, and the scene itself."""

from models.expander import ExpansionRequest, Language, SubjectWords, spoken_name
from reelhouse.clips import Role

BRIEFS: dict[Language, str] = {
    "en": (
        "You write prompts for a text-to-video model. You are handed one scene of a film and return it as a "
        "single paragraph of 80 to 110 English words, in the present tense.\n"
        "- Copy every description on the sheet letter for letter, where its subject first appears.\n"
        "- Begin with who is seen and what they do, then where, the light, the camera, how things move and "
        "the style.\n"
        "- Stay with what the sheet says. Add no people, second event, cut, on-screen text or logo.\n"
        "- Say what can be seen: no feelings that do not show, no praise, no headings, no lists."
    ),
    "zh": (
        "你为文生视频模型撰写提示词。你会收到一部影片中的一个场景，"
        "请把它写成一段 100 到 200 字的中文。\n"
        "- 场景单上的每一条描述都要在对应主体首次出现时逐字照抄，一字不改。\n"
        "- 先写谁在做什么，再写地点、光线、镜头、动作的质感与画面风格。\n"
        "- 只写场景单里有的内容：不添加人物、第二个事件、剪切、画面文字或标志。\n"
        "- 只写看得见的东西：不写看不出的情绪，不夸赞画面，不用标题，不列清单。"
    ),
}
JSON_ONLY: dict[Language, str] = {
    "en": 'Answer with one JSON object and nothing else: {"prompt": "the paragraph"}',
    "zh": '只用一个 JSON 对象作答，不要输出其他内容：{"prompt": "这一段文字"}',
}
_ROLE_WORDS: dict[Language, dict[Role, str]] = {
    "en": {
        Role.SUBJECT: "subject",
        Role.PRODUCT: "product",
        Role.BACKGROUND: "background",
        Role.STYLE: "look of the picture",
    },
    "zh": {Role.SUBJECT: "主体", Role.PRODUCT: "产品", Role.BACKGROUND: "背景", Role.STYLE: "画面风格"},
}


def scene_sheet(request: ExpansionRequest) -> str:
    """Return the scene as a short sheet in the language of the prompt."""
    labels = {
        "en": ("Action", "Style", "Camera", "Length: {:g} seconds"),
        "zh": ("情节", "风格", "镜头", "时长：{:g} 秒"),
    }
    action, style, camera, length = labels[request.language]
    colon = ": " if request.language == "en" else "："
    lines = [
        *(
            f"{label}{colon}{text.strip()}"
            for label, text in ((action, request.action), (style, request.style), (camera, request.camera))
            if text.strip()
        ),
        length.format(request.duration_s),
        *(_subject_line(subject, request.language, colon) for subject in request.subjects),
    ]
    return "\n".join(lines)


def _subject_line(subject: SubjectWords, language: Language, colon: str) -> str:
    role = _ROLE_WORDS[language][subject.role]
    return f"{spoken_name(subject)} ({role}){colon}{subject.description}"
