package demoshop

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// The commonest surnames, most common first; the draw below favours the front as life does.
var surnames = []rune("王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤")

var givenNames = strings.Fields(`伟 芳 娜 敏 静 丽 强 磊 洋 艳 勇 军 杰 娟 涛 超 明 霞 平 刚 秀英 桂英 玉兰 建国 建华 志强 志明 文静 文博 晓东
晓燕 晓明 雨欣 雨桐 子涵 子轩 梓萱 浩然 浩宇 欣怡 欣妍 诗涵 思远 思琪 嘉怡 嘉豪 佳琪 俊杰 俊宇 宇航 宇轩 一诺 一鸣 若曦 可馨 梦瑶 梦洁 雪梅 春燕
海燕 海涛 国强 国栋 立新 立军 丹丹 婷婷 莹莹 倩 莉 琳 玲 慧 颖 鑫 鹏 飞 宁 楠 凯 波 斌 辉 峰 瑞 悦 越 书瑶 书豪 清扬 怀瑾 知行 安然 沐阳 星辰 晨曦`)

func inventName(r *rand.Rand) string {
	// The square of a uniform number lands in the front quarter half of the time.
	u := r.Float64()
	return string(surnames[int(u*u*float64(len(surnames)))]) + givenNames[r.IntN(len(givenNames))]
}

// phones returns n distinct numbers in a shuffled order, so that a number does not tell when its owner joined.
func phones(r *rand.Rand, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("154%08d", i+1)
	}
	r.Shuffle(n, func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}
