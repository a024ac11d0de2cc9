"""The words for where, when, in what weather and in what style, English | Chinese.

Adding a word is adding it here; a new setting also needs its painter.
"""

from models.animatic.lexicon import Lexicon
from models.animatic.words import Hour, Look, Setting, Weather

SETTINGS = Lexicon(
    {
        Setting.MEADOW: (
            "meadow, grassland, field, lawn, prairie, pasture, park, picnic | 草地 草原 草坪 田野 "
            "原野 公园 草甸"
        ),
        Setting.HILL: "hill, hilltop, hillside, knoll, slope | 山坡 小山 山丘 山岗 丘陵",
        Setting.FOREST: "forest, woods, woodland | 森林 树林 林间 林中 树下 竹林",
        Setting.JUNGLE: "jungle, rainforest, tropics, tropical | 丛林 雨林 热带",
        Setting.GARDEN: "garden, flowerbed, backyard, yard, orchard | 花园 庭院 院子 花丛 果园 花海",
        Setting.FARM: (
            "farm, barn, farmland, wheat, cornfield, vineyard, countryside | 农场 麦田 农田 田园 乡下 稻田"
        ),
        Setting.MOUNTAINS: (
            "mountain, peak, summit, alps, cliff, canyon, valley | 高山 大山 山峰 山顶 山谷 雪山 悬崖 群山 山"
        ),
        Setting.DESERT: "desert, dune, dunes, sahara, savanna | 沙漠 沙丘 戈壁 大漠",
        Setting.SNOWFIELD: (
            "snowfield, tundra, arctic, winter, north pole, ice field | 雪地 雪原 冰原 冰雪 冬天 冰面"
        ),
        Setting.LAKE: (
            "lake, pond, river, riverside, stream, lakeside, creek | 湖 湖边 河 河边 溪 池塘 江边 小溪"
        ),
        Setting.BEACH: "beach, shore, seaside, coast, seashore | 海滩 沙滩 海边 海岸 岛",
        Setting.SEA: "sea, ocean, harbour, harbor, sailing | 大海 海上 海面 海洋 海浪 港口 海",
        Setting.UNDERWATER: (
            "underwater, under the sea, undersea, reef, coral, seabed, deep sea, under water | 水下 "
            "海底 水底 珊瑚 深海"
        ),
        Setting.SPACE: (
            "space, outer space, galaxy, planet, cosmos, universe, orbiting earth, moon surface, "
            "mars, starship | 太空 宇宙 星球 银河 外太空 火星 月球"
        ),
        Setting.CITY: (
            "city, street, downtown, town square, skyscraper, urban, alley, metropolis, rooftop, "
            "storefront, sidewalk, pavement, houses of a city | 城市 街道 街头 大街 街上 都市 楼顶 "
            "商店 巷子 市中心 马路边"
        ),
        Setting.VILLAGE: "village, town, cottage, castle, square, hamlet | 村庄 村子 小镇 城堡 村里 古镇",
        Setting.ROAD: "road, highway, trail, route | 公路 马路 道路 小路 路上 小径",
        Setting.ROOM: (
            "room, bedroom, living room, indoors, interior, office, apartment | 房间 卧室 客厅 室内 "
            "屋里 家里 家中 办公室 屋子"
        ),
        Setting.KITCHEN: (
            "kitchen, stove, cafe, restaurant, bakery, dining room, counter, dining table | 厨房 "
            "餐厅 咖啡馆 咖啡店 餐桌 灶台 面包店"
        ),
        Setting.LIBRARY: (
            "library, bookshop, bookstore, classroom, school, study, bookshelf | 图书馆 书店 书房 "
            "教室 学校 书架"
        ),
        Setting.STAGE: "stage, theatre, theater, concert, podium | 舞台 剧院 聚光灯 演出 剧场",
        Setting.STUDIO: (
            "studio, plain background, white background, product shot, pedestal, packshot | 影棚 "
            "摄影棚 纯色背景 白底 白色背景 展台 棚拍"
        ),
    }
)

# Things that belong to a place without naming it: they decide where no place is named.
HINTS = Lexicon(
    {
        Setting.MEADOW: "grass |",
        Setting.FOREST: "wood, tree, trees |",
        Setting.GARDEN: "flowers, blossom |",
        Setting.BEACH: "sand, island |",
        Setting.SEA: "boat, ship |",
        Setting.ROOM: "home, house, window, sofa, bed, fireplace | 窗边 沙发",
        Setting.STAGE: "curtain, spotlight |",
        Setting.STUDIO: "backdrop |",
        Setting.ROAD: "track, path, lane |",
        Setting.SNOWFIELD: "ice, icy |",
        Setting.CITY: "shop |",
        Setting.SKY: (
            "in the sky, across the sky, through the sky, blue sky, clouds, among clouds, heaven, "
            "in the air, through the air, high above | 天空中 云端 云上 空中 云海 天上 云间"
        ),
    }
)

HOURS = Lexicon(
    {
        Hour.DAWN: "dawn, sunrise, daybreak, first light | 黎明 日出 破晓 拂晓 天亮",
        Hour.MORNING: "morning, breakfast | 早晨 清晨 早上 上午 晨光 晨",
        Hour.NOON: (
            "noon, midday, daytime, sunny, bright day, daylight, afternoon | 中午 正午 白天 午后 "
            "下午 晴天 阳光"
        ),
        Hour.GOLDEN: (
            "golden hour, golden light, late afternoon, autumn, warm evening light | 金色 秋天 傍晚时分 金秋"
        ),
        Hour.SUNSET: "sunset, sundown, setting sun, evening | 日落 夕阳 落日 傍晚 晚霞 黄昏时",
        Hour.DUSK: "dusk, twilight, blue hour, nightfall | 黄昏 暮色 薄暮 入夜",
        Hour.NIGHT: (
            "night, midnight, moonlight, moonlit, starry, stars, nighttime, dark, under the moon | "
            "夜 夜晚 夜里 晚上 深夜 月光 星空 午夜 月下 星星"
        ),
    }
)

WEATHERS = Lexicon(
    {
        Weather.CLEAR: "clear, cloudless, sunny | 晴朗 晴 万里无云",
        Weather.CLOUDS: "cloudy, overcast, grey sky, gray sky | 多云 阴天 阴",
        Weather.RAIN: (
            "rain, rainy, drizzle, storm, stormy, thunderstorm, downpour | 雨 下雨 雨中 暴风雨 细雨 雷雨"
        ),
        Weather.SNOW: (
            "snow, snowing, snowfall, snowflake, blizzard, snowy, snowstorm | 下雪 雪花 飘雪 大雪 雪"
        ),
        Weather.FOG: "fog, foggy, mist, misty, haze, hazy | 雾 薄雾 大雾 雾气 烟雨",
        Weather.WIND: "wind, windy, breeze, breezy, gust, gale | 风中 大风 微风 刮风 起风 迎风",
    }
)

LOOKS = Lexicon(
    {
        Look.STORYBOOK: (
            "storybook, watercolour, watercolor, gouache, picture book, children's book, fairy tale, "
            "illustration, illustrated, hand painted, crayon | 绘本 水彩 童话 插画 故事书 手绘"
        ),
        Look.NOIR: "noir, film noir, black and white, monochrome, greyscale, grayscale | 黑白 黑色电影 单色",
        Look.NEON: (
            "neon, cyberpunk, synthwave, vaporwave, retrowave, futuristic | 霓虹 赛博朋克 未来感 蒸汽波"
        ),
        Look.PASTEL: (
            "pastel, kawaii, soft colours, soft colors, candy, dreamy | 粉彩 马卡龙 柔和色 糖果色 梦幻 粉嫩"
        ),
        Look.CINEMATIC: (
            "cinematic, film, movie, photorealistic, realistic, dramatic, epic, blockbuster | 电影感 "
            "电影 写实 史诗 大片 真实"
        ),
        Look.ANIME: (
            "anime, ghibli, manga, cartoon, vivid, vibrant, pixar, 3d animation, comic | 动漫 动画 "
            "卡通 吉卜力 鲜艳 漫画"
        ),
        Look.VINTAGE: (
            "vintage, retro, sepia, nostalgic, old film, 1970s, 1950s, polaroid | 复古 怀旧 老电影 "
            "老照片 泛黄"
        ),
        Look.MINIMAL: (
            "minimal, minimalist, flat, flat design, clean, vector, simple | 极简 扁平 简约 简洁 矢量"
        ),
        Look.INK: "ink, ink wash, sumi-e, sumi e, calligraphy, chinese painting | 水墨 国画 墨 山水画 工笔",
    }
)
