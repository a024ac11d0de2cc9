"""The vocabulary of a scene: what may be asked for, and the words, English and Chinese, that ask for it.

Adding a word is adding it here; a new setting or verb also needs its painter or its motion.
"""

from enum import StrEnum

from models.animatic.lexicon import Lexicon


class Setting(StrEnum):
    """Where a scene plays; each has a painter."""

    MEADOW = "meadow"
    HILL = "hill"
    FOREST = "forest"
    JUNGLE = "jungle"
    GARDEN = "garden"
    FARM = "farm"
    MOUNTAINS = "mountains"
    DESERT = "desert"
    SNOWFIELD = "snowfield"
    LAKE = "lake"
    BEACH = "beach"
    SEA = "sea"
    UNDERWATER = "underwater"
    SKY = "sky"
    SPACE = "space"
    CITY = "city"
    VILLAGE = "village"
    ROAD = "road"
    ROOM = "room"
    KITCHEN = "kitchen"
    LIBRARY = "library"
    STAGE = "stage"
    STUDIO = "studio"

    @property
    def is_indoors(self) -> bool:
        """Whether walls stand between the subject and the weather."""
        return self in _INDOORS


_INDOORS = frozenset({Setting.ROOM, Setting.KITCHEN, Setting.LIBRARY, Setting.STAGE, Setting.STUDIO})

SETTINGS = Lexicon(
    {
        Setting.MEADOW: "meadow, grassland, field, lawn, grass, prairie, pasture, park, picnic | "
        "草地 草原 草坪 田野 原野 公园 草甸",
        Setting.HILL: "hill, hilltop, hillside, knoll, slope | 山坡 小山 山丘 山岗 丘陵",
        Setting.FOREST: "forest, wood, woods, woodland, trees, tree | 森林 树林 林间 林中 树下 竹林",
        Setting.JUNGLE: "jungle, rainforest, tropics, tropical | 丛林 雨林 热带",
        Setting.GARDEN: "garden, flowerbed, backyard, yard, orchard, flowers, blossom | 花园 庭院 院子 花丛 果园 花海",
        Setting.FARM: "farm, barn, farmland, wheat, cornfield, vineyard, countryside | 农场 麦田 农田 田园 乡下 稻田",
        Setting.MOUNTAINS: "mountain, peak, summit, alps, cliff, canyon, valley | 高山 大山 山峰 山顶 山谷 雪山 悬崖 群山 山",
        Setting.DESERT: "desert, dune, dunes, sahara, savanna | 沙漠 沙丘 戈壁 大漠",
        Setting.SNOWFIELD: "snowfield, snowy, ice, icy, tundra, arctic, winter, in the snow, through the snow, "
        "across the snow, on the snow | 雪地 雪原 冰原 冰雪 冬天 冰面 雪中",
        Setting.LAKE: "lake, pond, river, riverside, stream, lakeside, creek | 湖 湖边 河 河边 溪 池塘 江边 小溪",
        Setting.BEACH: "beach, shore, seaside, sand, coast, island, seashore | 海滩 沙滩 海边 海岸 岛",
        Setting.SEA: "sea, ocean, wave, boat, ship, harbour, harbor, sailing | 大海 海上 海面 海洋 海浪 港口 海",
        Setting.UNDERWATER: "underwater, under the sea, undersea, reef, coral, seabed, deep sea, under water | "
        "水下 海底 水底 珊瑚 深海",
        Setting.SKY: "sky, cloud, clouds, above the clouds, heaven, air | 天空 云端 云上 空中 云海 天上 蓝天",
        Setting.SPACE: "space, outer space, galaxy, planet, cosmos, universe, orbiting earth, moon surface, mars, "
        "starship | 太空 宇宙 星球 银河 外太空 火星 月球",
        Setting.CITY: "city, street, downtown, town square, skyscraper, urban, alley, metropolis, rooftop, shop, "
        "storefront, sidewalk, pavement | 城市 街道 街头 大街 街上 都市 楼顶 商店 巷子 市中心 马路边",
        Setting.VILLAGE: "village, town, cottage, castle, square, hamlet | 村庄 村子 小镇 城堡 村里 古镇",
        Setting.ROAD: "road, highway, path, lane, track, trail, route | 公路 马路 道路 小路 路上 小径",
        Setting.ROOM: "room, bedroom, living room, indoors, interior, home, house, sofa, window, bed, office, "
        "apartment, fireplace | 房间 卧室 客厅 室内 屋里 家里 家中 沙发 窗边 办公室 屋子",
        Setting.KITCHEN: "kitchen, stove, cafe, restaurant, bakery, dining room, counter, dining table | "
        "厨房 餐厅 咖啡馆 咖啡店 餐桌 灶台 面包店",
        Setting.LIBRARY: "library, bookshop, bookstore, classroom, school, study, bookshelf | "
        "图书馆 书店 书房 教室 学校 书架",
        Setting.STAGE: "stage, theatre, theater, spotlight, concert, podium, curtain | 舞台 剧院 聚光灯 演出 剧场",
        Setting.STUDIO: "studio, backdrop, plain background, white background, product shot, pedestal, packshot | "
        "影棚 摄影棚 纯色背景 白底 白色背景 展台 棚拍",
    }
)


class Hour(StrEnum):
    """The time of day, which is the light."""

    DAWN = "dawn"
    MORNING = "morning"
    NOON = "noon"
    GOLDEN = "golden"
    SUNSET = "sunset"
    DUSK = "dusk"
    NIGHT = "night"


HOURS = Lexicon(
    {
        Hour.DAWN: "dawn, sunrise, daybreak, first light | 黎明 日出 破晓 拂晓 天亮",
        Hour.MORNING: "morning, breakfast | 早晨 清晨 早上 上午 晨光 晨",
        Hour.NOON: "noon, midday, daytime, sunny, bright day, daylight, afternoon | 中午 正午 白天 午后 下午 晴天 阳光",
        Hour.GOLDEN: "golden hour, golden light, late afternoon, autumn, warm evening light | 金色 秋天 傍晚时分 金秋",
        Hour.SUNSET: "sunset, sundown, setting sun, evening | 日落 夕阳 落日 傍晚 晚霞 黄昏时",
        Hour.DUSK: "dusk, twilight, blue hour, nightfall | 黄昏 暮色 薄暮 入夜",
        Hour.NIGHT: "night, midnight, moonlight, moonlit, starry, stars, nighttime, dark, under the moon | "
        "夜 夜晚 夜里 晚上 深夜 月光 星空 午夜 月下 星星",
    }
)


class Weather(StrEnum):
    """What falls or drifts through the air."""

    CLEAR = "clear"
    CLOUDS = "clouds"
    RAIN = "rain"
    SNOW = "snow"
    FOG = "fog"
    WIND = "wind"


WEATHERS = Lexicon(
    {
        Weather.CLEAR: "clear, cloudless, sunny | 晴朗 晴 万里无云",
        Weather.CLOUDS: "cloudy, overcast, grey sky, gray sky | 多云 阴天 阴",
        Weather.RAIN: "rain, rainy, drizzle, storm, stormy, thunderstorm, downpour | 雨 下雨 雨中 暴风雨 细雨 雷雨",
        Weather.SNOW: "snow, snowing, snowfall, snowflake, blizzard, snowy, snowstorm | 下雪 雪花 飘雪 大雪 雪",
        Weather.FOG: "fog, foggy, mist, misty, haze, hazy | 雾 薄雾 大雾 雾气 烟雨",
        Weather.WIND: "wind, windy, breeze, breezy, gust, gale | 风中 大风 微风 刮风 起风 迎风",
    }
)


class Look(StrEnum):
    """The style's family of pigments and paper."""

    PAINTED = "painted"
    STORYBOOK = "storybook"
    NOIR = "noir"
    NEON = "neon"
    PASTEL = "pastel"
    CINEMATIC = "cinematic"
    ANIME = "anime"
    VINTAGE = "vintage"
    MINIMAL = "minimal"
    INK = "ink"


LOOKS = Lexicon(
    {
        Look.STORYBOOK: "storybook, watercolour, watercolor, gouache, picture book, children's book, fairy tale, "
        "illustration, illustrated, hand painted, crayon | 绘本 水彩 童话 插画 故事书 手绘",
        Look.NOIR: "noir, black and white, monochrome, greyscale, grayscale | 黑白 黑色电影 单色",
        Look.NEON: "neon, cyberpunk, synthwave, vaporwave, retrowave, futuristic | 霓虹 赛博朋克 未来感 蒸汽波",
        Look.PASTEL: "pastel, kawaii, soft colours, soft colors, candy, dreamy | 粉彩 马卡龙 柔和色 糖果色 梦幻 粉嫩",
        Look.CINEMATIC: "cinematic, film, movie, photorealistic, realistic, dramatic, epic, blockbuster | "
        "电影感 电影 写实 史诗 大片 真实",
        Look.ANIME: "anime, ghibli, manga, cartoon, vivid, vibrant, pixar, 3d animation, comic | "
        "动漫 动画 卡通 吉卜力 鲜艳 漫画",
        Look.VINTAGE: "vintage, retro, sepia, nostalgic, old film, 1970s, 1950s, polaroid | 复古 怀旧 老电影 老照片 泛黄",
        Look.MINIMAL: "minimal, minimalist, flat, flat design, clean, vector, simple | 极简 扁平 简约 简洁 矢量",
        Look.INK: "ink, ink wash, sumi-e, sumi e, calligraphy, chinese painting | 水墨 国画 墨 山水画 工笔",
    }
)


class Move(StrEnum):
    """What the camera does."""

    STATIC = "static"
    PAN_LEFT = "pan left"
    PAN_RIGHT = "pan right"
    TRACK_LEFT = "track left"
    TRACK_RIGHT = "track right"
    TRACK = "track"
    ZOOM_IN = "zoom in"
    ZOOM_OUT = "zoom out"
    TILT_UP = "tilt up"
    TILT_DOWN = "tilt down"
    ORBIT = "orbit"
    HANDHELD = "handheld"
    CLOSE_UP = "close-up"
    WIDE = "wide"


_TRACKS = ("track", "tracking", "dolly", "truck", "follow", "tracking shot", "slide", "travel", "trucking")
_PANS = ("pan", "panning", "pan slowly", "slow pan", "whip pan", "swipe")


def _toward(side: str, verbs: tuple[str, ...]) -> str:
    return ", ".join(
        f"{verb}{between} {side}"
        for verb in verbs
        for between in ("", " to the", " from the", " shot", " to")
    )


MOVES = Lexicon(
    {
        Move.STATIC: "static, locked, locked off, fixed, still camera, tripod, no movement | 固定 静止 定镜 不动",
        Move.PAN_LEFT: _toward("left", _PANS) + " | 左摇 向左摇 向左平移 镜头左移 左移 向左",
        Move.PAN_RIGHT: _toward("right", _PANS)
        + ", pan | 右摇 向右摇 向右平移 镜头右移 右移 向右 摇镜 平移 横摇",
        Move.TRACK_LEFT: _toward("left", _TRACKS) + ", leftward | 向左跟拍 左跟 向左移动 跟拍向左 向左跟",
        Move.TRACK_RIGHT: _toward("right", _TRACKS) + ", rightward | 向右跟拍 右跟 向右移动 跟拍向右 向右跟",
        Move.TRACK: ", ".join(_TRACKS) + " | 跟拍 跟随 跟踪 移动镜头 跟镜头",
        Move.ZOOM_IN: "zoom, zoom in, push in, push, dolly in, move in, closer, zoom slowly in, slow zoom in, track in | "
        "推近 拉近 推镜 推进 放大 变焦 推",
        Move.ZOOM_OUT: "zoom out, pull out, pull back, dolly out, dolly back, move back, reveal, slow zoom out, widen | "
        "拉远 拉镜 拉开 缩小 后拉 拉",
        Move.TILT_UP: "tilt up, tilt, crane up, pedestal up, boom up, rise, look up, crane, jib up | "
        "上摇 仰拍 上升 向上 升镜 摇臂 仰",
        Move.TILT_DOWN: "tilt down, crane down, boom down, pedestal down, descend, look down | 下摇 下降 向下 降镜 俯拍 俯",
        Move.ORBIT: "orbit, arc, circle, circling, rotate, revolve, around | 环绕 围绕 旋转 绕 环拍",
        Move.HANDHELD: "handheld, hand held, shaky, shaky cam, documentary, found footage | 手持 晃动 抖动 纪实",
        Move.CLOSE_UP: "close up, closeup, macro, tight, portrait | 特写 近景 近距离",
        Move.WIDE: "wide, wide shot, long shot, establishing, establishing shot, full shot, aerial | 远景 全景 大景 航拍 广角",
    }
)


class Verb(StrEnum):
    """What a subject does."""

    IDLE = "idle"
    WALK = "walk"
    RUN = "run"
    JUMP = "jump"
    BOUNCE = "bounce"
    FLY = "fly"
    FLOAT = "float"
    FALL = "fall"
    TURN = "turn"
    WAVE = "wave"
    APPROACH = "approach"
    LEAVE = "leave"
    DANCE = "dance"
    STOP = "stop"
    LOOK = "look"
    LOOK_UP = "look up"
    SWIM = "swim"
    ROLL = "roll"
    SLIDE = "slide"
    RISE = "rise"
    SHAKE = "shake"
    NOD = "nod"
    GROW = "grow"
    SLEEP = "sleep"
    PEEK = "peek"

    @property
    def travels(self) -> bool:
        """Whether it carries the subject along, so that a camera may follow."""
        return self in (Verb.WALK, Verb.RUN, Verb.FLY, Verb.SWIM, Verb.ROLL, Verb.SLIDE)


VERBS = Lexicon(
    {
        Verb.IDLE: "stand, sit, wait, rest, pose, stay, sits down | 站 坐 等 休息 待 伫立 摆放",
        Verb.WALK: "walk, stroll, wander, march, step, hike, stride, tiptoe, creep, sneak, trot, move, travel, go, "
        "explore, patrol | 走 散步 漫步 行走 踱步 徒步 移动 溜达 迈步",
        Verb.RUN: "run, sprint, gallop, dash, race, rush, chase, hurry, jog, ride, drive, speed, cycle | "
        "跑 奔 奔跑 冲 飞奔 追 追逐 赶 骑 开车 行驶 疾驰",
        Verb.JUMP: "jump, leap, hop, vault, pounce, skip | 跳 跃 跳跃 蹦 跳起 跃起",
        Verb.BOUNCE: "bounce, bob, trampoline, dribble | 弹 弹跳 蹦蹦跳跳 上下跳动",
        Verb.FLY: "fly, soar, glide, flap, take off, swoop, blast off | 飞 飞翔 翱翔 起飞 滑翔 飞行 飞过",
        Verb.FLOAT: "float, hover, drift, levitate, dangle, hang | 漂浮 悬浮 飘 漂 飘浮 悬停 飘荡 飘扬",
        Verb.FALL: "fall, drop, tumble, plunge, plummet, land, crash, collapse | 落 掉 摔 坠 降落 坠落 落下 掉下 跌 飘落",
        Verb.TURN: "turn, spin, rotate, twirl, whirl, pirouette, revolve, turn around | 转 旋转 转身 转圈 回头 转动 回身",
        Verb.WAVE: "wave, greet, beckon, hail, say hello, say goodbye | 挥手 招手 打招呼 挥舞 致意 挥",
        Verb.APPROACH: "approach, come, arrive, enter, come closer, walk toward, walk towards, run toward, "
        "run towards, run to the camera, come back, return, appear | 靠近 走近 走来 走向 过来 到来 进入 跑来 迎面 接近 飞来 回来 出现",
        Verb.LEAVE: "leave, exit, depart, go away, walk away, run away, run off, walk off, fly away, fly off, "
        "disappear, vanish, recede, escape, flee | 离开 远去 走开 消失 离去 跑开 退场 逃 走远 飞走 远离",
        Verb.DANCE: "dance, sway, groove, swing, boogie, celebrate, cheer, play | 跳舞 舞动 摇摆 起舞 舞 庆祝 欢呼 玩",
        Verb.STOP: "stop, halt, pause, freeze, skid | 停 停下 停住 停在 站住 暂停",
        Verb.LOOK: "look, watch, gaze, stare, see, glance, look around, look at | 看 望 凝视 注视 张望 看着 环顾",
        Verb.LOOK_UP: "look up, gaze up, look to the sky, looks at the sky, looks up at | 抬头 仰望 望向天空 向上看 仰头",
        Verb.SWIM: "swim, dive, paddle, row, sail, surf, snorkel | 游 游泳 潜水 划 航行 冲浪 畅游 遨游",
        Verb.ROLL: "roll, somersault, cartwheel | 滚 翻滚 滚动 打滚 翻跟头",
        Verb.SLIDE: "slide, skate, ski, glide across, sled, slip, skid across, snowboard | 滑 滑行 滑雪 滑冰 滑倒 滑动",
        Verb.RISE: "rise, climb, ascend, lift, lift off, emerge, launch | 升 升起 爬 上升 攀登 爬上 冒出 浮起",
        Verb.SHAKE: "shake, shiver, tremble, vibrate, wiggle, laugh, giggle | 摇晃 颤抖 发抖 抖 晃 大笑 笑",
        Verb.NOD: "nod, bow, eat, drink, sniff, peck, read, sing, talk, speak, say | 点头 鞠躬 吃 喝 嗅 读 唱 说 唱歌 说话",
        Verb.GROW: "grow, expand, inflate, swell, bloom, unfold | 长大 变大 膨胀 绽放 生长 展开",
        Verb.SLEEP: "sleep, nap, doze, snore, dream, lie, snooze | 睡 睡觉 打盹 躺 做梦 入睡",
        Verb.PEEK: "peek, hide, peep, lurk, pop up | 躲 探头 偷看 藏 探出 冒头",
    }
)

# What pulls, and what may be pulled: a subject of the second kind named after a word of the first is tethered.
TETHERS = Lexicon(
    {
        "held": "pull, hold, tug, fly a, fly the, lead, carry, hold onto, with | 拉 拉着 牵 牵着 拿 拿着 放 放飞 举 带"
    }
)
AIRBORNE = Lexicon(
    {
        "air": "kite, bird, balloon, plane, airplane, aeroplane, drone, butterfly, bee, dragonfly, rocket, "
        "helicopter, airship, eagle, owl, bat, dragon, ghost, fairy, angel, ufo, spaceship, satellite, cloud, moon, "
        "star, sun, paper plane, seagull, swallow, hummingbird, parachute, feather, bubble, zeppelin | "
        "风筝 鸟 气球 飞机 蝴蝶 蜜蜂 火箭 直升机 飞艇 鹰 无人机 猫头鹰 蜻蜓 蝙蝠 飞船 幽灵 仙女 月亮 星星 太阳 燕子 海鸥 羽毛 泡泡"
    }
)
STRINGED = Lexicon({"string": "kite, balloon | 风筝 气球"})
AFLOAT = Lexicon(
    {
        "fish": "fish, whale, dolphin, shark, jellyfish, turtle, octopus, submarine, squid, seal, diver, seahorse | "
        "鱼 鲸 海豚 鲨 水母 海龟 章鱼 潜艇 海豹 潜水员 海马",
        "boat": "boat, ship, yacht, canoe, raft, duck, swan, sailboat, kayak, ferry | 船 帆船 游艇 独木舟 鸭 天鹅 小船 轮船",
    }
)
SIDES = Lexicon(
    {
        "left": "facing left, faces left, leftward, to the left, leftwards, from the right, right to left | "
        "朝左 向左 往左 面向左 从右",
        "right": "facing right, faces right, rightward, to the right, rightwards, from the left, left to right | "
        "朝右 向右 往右 面向右 从左",
    }
)

# Storyboards name a subject once and tell the scenes in two languages: these names are one and the same.
NOUNS = Lexicon(
    {
        noun.split("|")[0].strip(): noun
        for noun in (
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
    }
)
