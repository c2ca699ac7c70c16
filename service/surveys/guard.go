package surveys

import "regexp"

// rule is one thing that must not be rewarded, and whose rule that is.
type rule struct {
	words *regexp.Regexp
	name  string
}

// The texts are looked at clause by clause: a condition and a reward in one clause are a promise, "欢迎关注" alone is an invitation.
var (
	parts = regexp.MustCompile(`[^。!!?;\n]+`)
	prize = regexp.MustCompile(`送|领取|可领|可得|获得|赠|奖|返现|返红包|返还|红包|积分|优惠券|立减|免单|抽奖|礼品|福利`)
	rules = []rule{
		{regexp.MustCompile(`关注|加粉|订阅号`), "《微信公众平台运营规范》诱导关注:不得以奖励或其他方式强制或诱导用户关注公众号"},
		{regexp.MustCompile(`分享|转发|朋友圈|集赞|点赞|助力|拉新|邀请好友|转到`), "《微信外部链接内容管理规范》诱导分享:不得以利益诱导用户分享、转发"},
		{regexp.MustCompile(`好评|五星|5\s*星|满分|晒图|晒单|十分评价|10\s*分`), "《反不正当竞争法》第八条、《网络交易监督管理办法》第十四条:不得以返现、红包等换取好评"},
	}
)

// Guard refuses texts that promise something for following, sharing or praise. It returns ErrInducement with the text and the rule. It
// knows the usual words only; what merchants say in other words stays their responsibility.
func Guard(texts ...string) error {
	for _, t := range texts {
		for _, c := range parts.FindAllString(t, -1) {
			if !prize.MatchString(c) {
				continue
			}
			for _, r := range rules {
				if r.words.MatchString(c) {
					return ErrInducement.With("text", c).With("rule", r.name)
				}
			}
		}
	}
	return nil
}
