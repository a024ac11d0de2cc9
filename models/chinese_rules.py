"""A scene written out in Chinese: one paragraph, who and what first, then light, camera and movement."""

import re
from collections.abc import Sequence

from models.expander import ExpansionRequest, SubjectWords, introduce, spoken_name
from models.paragraphs import Sentence, Table, first_match, within
from models.weaving import CJK, SENTENCE_END, Woven, weave
from reelhouse.clips import Role

MAX_CHARACTERS = 220
CHANGES = re.compile(r"变成|变为|变身|融化|长大|缩小|燃烧|爆炸|破碎|绽放|凋谢|变色")
COLOURLESS = re.compile(r"黑白|单色|水墨|素描|剪影|怀旧褐色")
FLAT = re.compile(r"扁平|二维|像素|线稿|剪纸|剪影|极简|影棚|纯色|白底")
LIGHT: Table = (
    (r"光(?!滑)|灯|影子|阴影|烛|霓虹|火|明亮|黑暗|昏暗", "光线自然地落在画面各处，塑造出清楚的形体。"),
    (r"黑白|单色", "明暗对比清楚，主次分明。"),
    (r"水下|海底|水底|珊瑚", "光线自水面透下，形成柔和流动的光束。"),
    (r"夜|星空|月", "夜色深沉宁静，主要内容依然清晰可见。"),
    (r"日落|夕阳|黄昏|傍晚|晚霞", "低斜的暖光从一侧照来，拉出长而柔和的影子。"),
    (r"雾|霾", "淡淡的漫射光让远处的轮廓变得柔和。"),
    (r"雨|暴风|阴天|多云", "灰柔的天光均匀铺开，没有生硬的阴影。"),
    (r"雪|冬|冰", "浅淡均匀的光线经地面反射，阴影很轻。"),
    (r"清晨|早晨|早上|日出|黎明|晨", "清晨低柔的光线从一侧照来，拉出长而柔和的影子。"),
    (r"中午|正午|晴|太阳|夏", "晴朗的日光勾勒出清楚的形体，影子短而利落。"),
    (r"影棚|白底|纯色背景", "均匀柔和的影棚光包裹形体，下方留有淡淡的投影。"),
    (r"厨房|房间|卧室|客厅|办公室|咖啡馆|店|室内|图书馆|窗", "柔和的光线从一侧照入，轻轻铺满室内。"),
)
DEFAULT_LIGHT = "光线柔和自然，以淡淡的阴影塑造形体。"
SIDES = {"left": "左", "right": "右", "up": "上", "down": "下"}
CAMERA: Table = (
    (
        r"(?P<side>左|右)摇|摇向?(?P<side2>左|右)|pan\w* (?:to the )?(?P<side3>left|right)",
        "镜头在原地缓缓向{side}摇。",
    ),
    (r"(?P<side>上|下)摇|摇(?P<side2>上|下)|tilt\w* (?P<side3>up|down)", "镜头在原地缓缓向{side}摇。"),
    (r"推|拉近|push\w* in|dolly in|zoom\w* in", "镜头缓缓推近。"),
    (r"拉远|后拉|拉镜|pull\w* (?:out|back)|dolly out|zoom\w* out", "镜头缓缓拉远，展现更多环境。"),
    (r"环绕|orbit|arc|circl", "镜头平稳地环绕画面中心移动。"),
    (r"固定|静止|static|still|fixed|locked|tripod", "镜头固定不动，让动作自然展开。"),
    (r"手持|hand-?held", "手持镜头随动作轻轻晃动。"),
    (r"航拍|俯瞰|aerial|drone", "镜头自空中平稳掠过画面。"),
    (r"(?P<side>左|右|left|right)", "镜头平稳地向{side}跟拍，与动作保持同步。"),
    (r"跟拍|跟随|跟踪|track|follow", "镜头平稳地跟随动作。"),
)
MOVEMENT: Table = (
    (r"定格动画|像素|黏土", ""),
    (r"延时", "时间均匀而迅速地流逝。"),
    (r"慢动作", "动作的每个阶段都流畅可辨。"),
    (r"静静|一动不动|睡|躺|站着不动", "动作轻微而自然，始终带着生气。"),
)
DEFAULT_MOVEMENT = "动作流畅自然，重量感与惯性真实可信。"


def write_paragraph(request: ExpansionRequest) -> str:
    """Return the scene as one Chinese paragraph with every description verbatim."""
    woven = weave(request.action.strip("。.，,；;： "), request.subjects, "zh")
    given = f"{request.action} {request.style} {request.camera}"
    movement = first_match(MOVEMENT, given)
    sentences = [
        *_opening(request, woven),
        Sentence(first_match(LIGHT, given) or DEFAULT_LIGHT, rank=1),
        Sentence(_camera(request.camera, request.action), rank=0 if request.camera.strip() else 1),
        Sentence(DEFAULT_MOVEMENT if movement is None else movement, rank=3),
        Sentence(_likeness(request, woven), rank=2),
        Sentence("线条干净，构图简洁均衡。" if FLAT.search(given) else "环境由近及远，层次分明。", rank=4),
        Sentence(_length(request), rank=5),
    ]
    return "".join(within(sentences, MAX_CHARACTERS, len))


def _opening(request: ExpansionRequest, woven: Woven) -> list[Sentence]:
    apart = [s for s in woven.left_over if SENTENCE_END.search(s.description)]
    shown = [s for s in woven.left_over if s.description and s not in apart]
    cast = [s for s in shown if s.role.is_cut_out]
    settings = [s for s in shown if s.role is Role.BACKGROUND]
    looks = [s for s in shown if s.role is Role.STYLE]
    action = woven.text
    style = request.style.strip("。.，,；;：: ")
    if style and not re.search(r"[，、,]|风格$|风$|感$", style):
        style += "风格"
    lead = f"{style}。" if style else ""
    end = "" if action.endswith(("！", "？", "!", "?")) else "。"
    texts = [
        f"{lead}画面主体{_listed(cast)}。" if cast else "",
        f"{'' if cast else lead}{action}{end}" if action else "",
        f"背景{_listed(settings)}。" if settings else "",
        f"整体画风{_listed(looks)}。" if looks else "",
        *(introduce(subject, "zh") for subject in apart),
    ]
    names = "、".join(spoken_name(subject) for subject in request.subjects)
    return [Sentence(text) for text in texts if text] or [Sentence(f"{lead}画面主体是{names}。")]


def _listed(subjects: Sequence[SubjectWords]) -> str:
    """Return the descriptions behind “是”, or behind a colon where they are long or not Chinese."""
    words = [subject.description for subject in subjects]
    if any(re.search(r"[，、,]", text) or not CJK.search(text) for text in words):
        return "：" + "；".join(words)
    return "是" + "和".join(["、".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _likeness(request: ExpansionRequest, woven: Woven) -> str:
    cast = [s for s in request.subjects if s.role.is_cut_out]
    if not cast or CHANGES.search(request.action):
        return ""
    names = [spoken_name(s) for s in cast]
    who = "和".join(["、".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    if any(name not in woven.text for name in names):
        who = "画面主体"
    qualities = "造型、比例与细节" if COLOURLESS.search(request.style) else "造型、颜色与细节"
    return f"{who}的{qualities}自始至终保持一致。"


def _camera(camera: str, action: str) -> str:
    words = camera.strip("。. ").lower()
    if not words:
        is_named = re.search(r"镜头|特写|推近|拉远|航拍|俯瞰|视角", action)
        return "" if is_named else "镜头缓慢轻柔地移动，让动作始终位于画面中央。"
    # A longer wish says more than one of these sentences could: it is kept as it is.
    is_short = len(words) <= 7 if CJK.search(words) else len(words.split()) <= 3
    for pattern, sentence in CAMERA:
        if is_short and (found := re.search(pattern, words)):
            side = next((value for value in found.groupdict().values() if value), "")
            return sentence.format(side=SIDES.get(side, side))
    return f"镜头：{camera.strip('。. ')}。"


def _length(request: ExpansionRequest) -> str:
    if re.search(r"剪辑|蒙太奇|延时", request.action):
        return ""
    return "这是一个短暂而一目了然的瞬间。" if request.duration_s <= 3 else "整段画面一镜到底，没有剪切。"
