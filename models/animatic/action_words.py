"""The words for what subjects and cameras do, and for what subjects are, English | Chinese.

Adding a word is adding it here; a new verb also needs its motion.
"""

from models.animatic.lexicon import Lexicon
from models.animatic.words import Move, Verb

_TRACKS = ("track", "tracking", "dolly", "truck", "follow", "slide", "travel")
_PANS = ("pan", "swipe")


def _toward(side: str, verbs: tuple[str, ...]) -> str:
    """Every way to say a movement to one side: "pan left", "pan to the left", "pan slowly left" …"""
    between = ("", " to the", " from the", " shot", " to", " slowly", " slowly to the", " gently")
    return ", ".join(f"{verb}{word} {side}" for verb in verbs for word in between)


MOVES = Lexicon(
    {
        Move.STATIC: (
            "static, locked, locked off, fixed, still camera, tripod, no movement | 固定 静止 定镜 不动"
        ),
        Move.PAN_LEFT: _toward("left", _PANS) + " | 左摇 向左摇 向左平移 镜头左移 左移 向左",
        Move.PAN_RIGHT: _toward("right", _PANS)
        + ", pan | 右摇 向右摇 向右平移 镜头右移 右移 向右 摇镜 平移 横摇",
        Move.TRACK_LEFT: _toward("left", _TRACKS) + ", leftward | 向左跟拍 左跟 向左移动 跟拍向左 向左跟",
        Move.TRACK_RIGHT: _toward("right", _TRACKS) + ", rightward | 向右跟拍 右跟 向右移动 跟拍向右 向右跟",
        Move.TRACK: ", ".join(_TRACKS) + " | 跟拍 跟随 跟踪 移动镜头 跟镜头",
        Move.ZOOM_IN: (
            "zoom, zoom in, push in, push, dolly in, move in, closer, zoom slowly in, slow zoom in, "
            "track in | 推近 拉近 推镜 推进 放大 变焦 推"
        ),
        Move.ZOOM_OUT: (
            "zoom out, pull out, pull back, dolly out, dolly back, move back, reveal, slow zoom out, "
            "widen | 拉远 拉镜 拉开 缩小 后拉 拉"
        ),
        Move.TILT_UP: (
            "tilt up, tilt, crane up, pedestal up, boom up, rise, look up, crane, jib up | 上摇 仰拍 "
            "上升 向上 升镜 摇臂 仰"
        ),
        Move.TILT_DOWN: (
            "tilt down, crane down, boom down, pedestal down, descend, look down | 下摇 下降 向下 "
            "降镜 俯拍 俯"
        ),
        Move.ORBIT: "orbit, arc, circle, circling, rotate, revolve, around | 环绕 围绕 旋转 绕 环拍",
        Move.HANDHELD: (
            "handheld, hand held, shaky, shaky cam, documentary, found footage | 手持 晃动 抖动 纪实"
        ),
        Move.CLOSE_UP: "close up, closeup, macro, tight, portrait | 特写 近景 近距离",
        Move.WIDE: (
            "wide, wide shot, long shot, establishing, establishing shot, full shot, aerial | 远景 "
            "全景 大景 航拍 广角"
        ),
    }
)

VERBS = Lexicon(
    {
        Verb.IDLE: "stand, sit, wait, rest, pose, stay, sits down | 站 坐 等 休息 待 伫立 摆放",
        Verb.WALK: (
            "walk, stroll, wander, march, step, hike, stride, tiptoe, creep, sneak, trot, move, "
            "travel, go, explore, patrol | 走 散步 漫步 行走 踱步 徒步 移动 溜达 迈步"
        ),
        Verb.RUN: (
            "run, sprint, gallop, dash, race, rush, chase, hurry, jog, ride, drive, speed, cycle | "
            "跑 奔 奔跑 冲 飞奔 追 追逐 赶 骑 开车 行驶 疾驰"
        ),
        Verb.JUMP: "jump, leap, hop, vault, pounce, skip | 跳 跃 跳跃 蹦 跳起 跃起",
        Verb.BOUNCE: "bounce, bob, trampoline, dribble | 弹 弹跳 蹦蹦跳跳 上下跳动",
        Verb.FLY: "fly, soar, glide, flap, take off, swoop, blast off | 飞 飞翔 翱翔 起飞 滑翔 飞行 飞过",
        Verb.FLOAT: "float, hover, drift, levitate, dangle, hang | 漂浮 悬浮 飘 漂 飘浮 悬停 飘荡 飘扬",
        Verb.FALL: (
            "fall, drop, tumble, plunge, plummet, land, crash, collapse | 落 掉 摔 坠 降落 坠落 落下 "
            "掉下 跌 飘落"
        ),
        Verb.TURN: (
            "turn, spin, rotate, twirl, whirl, pirouette, revolve, turn around | 转 旋转 转身 转圈 "
            "回头 转动 回身"
        ),
        Verb.WAVE: "wave, greet, beckon, hail, say hello, say goodbye | 挥手 招手 打招呼 挥舞 致意 挥",
        Verb.APPROACH: (
            "approach, come, arrive, enter, come closer, walk toward, walk towards, run toward, "
            "run towards, run to the camera, come back, return, appear | 靠近 走近 走来 走向 过来 "
            "到来 进入 跑来 迎面 接近 飞来 回来 出现"
        ),
        Verb.LEAVE: (
            "leave, exit, depart, go away, walk away, run away, run off, walk off, fly away, "
            "fly off, disappear, vanish, recede, escape, flee | 离开 远去 走开 消失 离去 跑开 退场 "
            "逃 走远 飞走 远离"
        ),
        Verb.DANCE: (
            "dance, sway, groove, swing, boogie, celebrate, cheer, play | 跳舞 舞动 摇摆 起舞 舞 庆祝 欢呼 玩"
        ),
        Verb.STOP: "stop, halt, pause, freeze, skid | 停 停下 停住 停在 站住 暂停",
        Verb.LOOK: (
            "look, watch, gaze, stare, see, glance, look around, look at | 看 望 凝视 注视 张望 看着 环顾"
        ),
        Verb.LOOK_UP: (
            "look up, gaze up, look to the sky, looks at the sky, looks up at | 抬头 仰望 望向天空 "
            "向上看 仰头"
        ),
        Verb.SWIM: "swim, dive, paddle, row, sail, surf, snorkel | 游 游泳 潜水 划 航行 冲浪 畅游 遨游",
        Verb.ROLL: "roll, somersault, cartwheel | 滚 翻滚 滚动 打滚 翻跟头",
        Verb.SLIDE: (
            "slide, skate, ski, glide across, sled, slip, skid across, snowboard | 滑 滑行 滑雪 滑冰 "
            "滑倒 滑动"
        ),
        Verb.RISE: (
            "rise, climb, ascend, lift, lift off, emerge, launch | 升 升起 爬 上升 攀登 爬上 冒出 浮起"
        ),
        Verb.SHAKE: "shake, shiver, tremble, vibrate, wiggle, laugh, giggle | 摇晃 颤抖 发抖 抖 晃 大笑 笑",
        Verb.NOD: (
            "nod, bow, eat, drink, sniff, peck, read, sing, talk, speak, say | 点头 鞠躬 吃 喝 嗅 读 "
            "唱 说 唱歌 说话"
        ),
        Verb.GROW: "grow, expand, inflate, swell, bloom, unfold | 长大 变大 膨胀 绽放 生长 展开",
        Verb.SLEEP: "sleep, nap, doze, snore, dream, lie, snooze | 睡 睡觉 打盹 躺 做梦 入睡",
        Verb.PEEK: "peek, hide, peep, lurk, pop up | 躲 探头 偷看 藏 探出 冒头",
    }
)

# A subject named after one of these, by a subject named before it, is held by that one.
TETHERS = Lexicon(
    {
        "held": (
            "pull, hold, tug, fly a, fly the, lead, carry, hold onto, with | 拉 拉着 牵 牵着 拿 拿着 "
            "放 放飞 举 带"
        ),
    }
)

AIRBORNE = Lexicon(
    {
        "air": (
            "kite, bird, balloon, plane, airplane, aeroplane, drone, butterfly, bee, dragonfly, "
            "rocket, helicopter, airship, eagle, owl, bat, dragon, ghost, fairy, angel, ufo, "
            "spaceship, satellite, cloud, moon, star, sun, paper plane, seagull, swallow, "
            "hummingbird, parachute, feather, bubble, zeppelin | 风筝 鸟 气球 飞机 蝴蝶 蜜蜂 火箭 "
            "直升机 飞艇 鹰 无人机 猫头鹰 蜻蜓 蝙蝠 飞船 幽灵 仙女 月亮 星星 太阳 燕子 海鸥 羽毛 "
            "泡泡"
        ),
    }
)

STRINGED = Lexicon(
    {
        "string": "kite, balloon | 风筝 气球",
    }
)

AFLOAT = Lexicon(
    {
        "fish": (
            "fish, whale, dolphin, shark, jellyfish, turtle, octopus, submarine, squid, seal, diver, "
            "seahorse | 鱼 鲸 海豚 鲨 水母 海龟 章鱼 潜艇 海豹 潜水员 海马"
        ),
        "boat": (
            "boat, ship, yacht, canoe, raft, duck, swan, sailboat, kayak, ferry | 船 帆船 游艇 "
            "独木舟 鸭 天鹅 小船 轮船"
        ),
    }
)

SIDES = Lexicon(
    {
        "left": (
            "facing left, faces left, leftward, to the left, leftwards, from the right, "
            "right to left | 朝左 向左 往左 面向左 从右"
        ),
        "right": (
            "facing right, faces right, rightward, to the right, rightwards, from the left, "
            "left to right | 朝右 向右 往右 面向右 从左"
        ),
    }
)

# Storyboards name a subject once and tell the scenes in two languages: these names are one and the same.
_SAME = (
    "fox | 狐狸 小狐",
    "kite | 风筝",
    "cat, kitten | 猫",
    "dog, puppy | 狗",
    "bird | 鸟",
    "rabbit, bunny, hare | 兔",
    "bear | 熊",
    "panda | 熊猫",
    "balloon | 气球",
    "boy | 男孩",
    "girl | 女孩",
    "child, kid | 孩子",
    "man | 男人",
    "woman | 女人",
    "robot | 机器人",
    "car | 汽车 车",
    "boat, ship | 船",
    "fish | 鱼",
    "horse | 马",
    "bottle | 瓶",
    "shoe, sneaker | 鞋",
    "cup, mug | 杯",
    "phone | 手机",
    "watch | 手表",
    "bag, handbag | 包",
    "ball | 球",
    "plane, airplane | 飞机",
    "rocket | 火箭",
    "dragon | 龙",
    "lion | 狮",
    "tiger | 老虎 虎",
    "elephant | 象",
    "monkey | 猴",
    "mouse | 老鼠",
    "duck | 鸭",
    "pig | 猪",
    "cow | 牛",
    "sheep, lamb | 羊",
    "deer | 鹿",
    "frog | 青蛙",
    "turtle | 龟",
    "whale | 鲸",
    "butterfly | 蝴蝶",
    "owl | 猫头鹰",
    "penguin | 企鹅",
    "astronaut | 宇航员",
    "bicycle, bike | 自行车",
    "lamp | 灯",
    "chair | 椅",
    "book | 书",
    "flower | 花",
    "umbrella | 伞",
    "hat | 帽",
    "doll | 娃娃",
    "toy | 玩具",
    "dinosaur | 恐龙",
    "unicorn | 独角兽",
    "snowman | 雪人",
)
NOUNS = Lexicon({noun.split("|")[0].strip(): noun for noun in _SAME})
