package messages

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"huitou/model"
	"huitou/model/weblink"
)

// PolicyRule is a rule of the platform that a text can break. Breaking one costs an account its templates or its fans, so the text is
// refused here, naming the rule, before the platform sees it.
type PolicyRule string

// The platform's rules.
const (
	// PolicyServiceOnly: template and subscription messages are service notices; selling in them is forbidden
	// (《微信公众平台服务号模板消息运营规范》, 《小程序订阅消息运营规范》).
	PolicyServiceOnly PolicyRule = "service_only"
	// PolicyNoRewardForShare: nobody may be rewarded for following, sharing, inviting or liking (《微信外部链接内容管理规范》 诱导分享、诱导关注,
	// 2014-12 and 2019-10-28).
	PolicyNoRewardForShare PolicyRule = "no_reward_for_share"
	// PolicyNoRewardForPraise: nobody may be rewarded for a good review (《网络交易监督管理办法》 好评返现).
	PolicyNoRewardForPraise PolicyRule = "no_reward_for_praise"
)

// policyWords tell staff what a rule says.
var policyWords = map[PolicyRule]string{
	PolicyServiceOnly:       "微信规定:模板消息和订阅消息只能用于服务通知,不得营销(模板消息运营规范)",
	PolicyNoRewardForShare:  "微信规定:不得以奖励诱导关注、分享、转发、邀请、集赞(外部链接内容管理规范)",
	PolicyNoRewardForPraise: "法规规定:不得以奖励换取好评(网络交易监督管理办法)",
}

// Says returns the rule in words.
func (r PolicyRule) Says() string { return policyWords[r] }

// Breach is a text that breaks a rule.
type Breach struct {
	Rule  PolicyRule
	Field string // our name of the text
	Word  string // what gave it away
}

func (b Breach) String() string { return fmt.Sprintf("%s:%s", b.Rule, b.Word) }

// selling are words that make a notice an advertisement. Names of goods and coupons may hold them, see Template.Quoted.
var selling = regexp.MustCompile(`促销|抢购|抢先购|秒杀|特价|清仓|大促|限时(优惠|折扣|抢|特)|买[一二三1-9]送[一二三1-9]|[一二三四五六七八九1-9](\.\d)?折起|全场|低至|爆款|热卖|新品上市|速抢|疯抢|立即(抢|购买|下单)|马上(抢|购买|下单)|点击购买|包邮|团购|直降|双十[一二]|双1[12]|(?i:sale)`)

const (
	act    = `关注|转发|分享|邀请好友|集赞|点赞|朋友圈|加(?:我|客服|店长|店员|导购|顾问)?的?(?:微信|企微|企业微信|好友)`
	praise = `好评|五星|5星|晒图|晒单`
	reward = `送|赠|返|奖|领|得|红包|现金|积分|优惠券|免单|免费|礼品|有礼|好礼|豪礼|礼包|礼券|立减`
)

var (
	rewardForShare  = regexp.MustCompile(`(?:` + act + `)[^。;!?\n]{0,12}(?:` + reward + `)|(?:` + reward + `)[^。;!?\n]{0,4}(?:需|要|请|须)[^。;!?\n]{0,4}(?:` + act + `)`)
	rewardForPraise = regexp.MustCompile(`(?:` + praise + `)[^。;!?\n]{0,12}(?:` + reward + `)`)
)

// platformNotices are the channels that carry service notices only.
var platformNotices = []model.MessageChannel{model.ChannelOATemplate, model.ChannelOASubscribe, model.ChannelMiniSubscribe}

// Breaches returns what texts of a purpose break when they go out by some of the channels, ordered by field. Texts that only quote a
// name are looked at for rewards, not for words that sell.
func Breaches(p model.MessagePurpose, channels []model.MessageChannel, texts map[string]string, quoted []string) []Breach {
	notice := slices.ContainsFunc(channels, func(c model.MessageChannel) bool { return slices.Contains(platformNotices, c) })
	var out []Breach
	if notice && p == model.PurposeMarketing {
		out = append(out, Breach{PolicyServiceOnly, "", string(p)})
	}
	for field, raw := range texts {
		text := plain(raw)
		if w := rewardForShare.FindString(text); w != "" {
			out = append(out, Breach{PolicyNoRewardForShare, field, cutText(w, 20)})
		}
		if w := rewardForPraise.FindString(text); w != "" {
			out = append(out, Breach{PolicyNoRewardForPraise, field, cutText(w, 20)})
		}
		if w := selling.FindString(text); w != "" && notice && !slices.Contains(quoted, field) {
			out = append(out, Breach{PolicyServiceOnly, field, cutText(w, 20)})
		}
	}
	slices.SortFunc(out, func(a, b Breach) int { return strings.Compare(a.Field+string(a.Rule), b.Field+string(b.Rule)) })
	return out
}

// promise is what the name of a shop or of a person holds only when it is to promise something to those who come.
var promise = regexp.MustCompile(`(?:送|赠|返|奖|领|得|减)[^,，。;；!！?？]{0,4}(?:[0-9]|[一二两三五十百千]+[元块]|红包|现金|积分|券|礼[品包物金])|红包|现金|优惠券|免单|免费|加微信`)

// NameBreaches returns what a name breaks that is shown to those who have just followed: there it stands beside the words of a welcome, so that
// a promise alone makes it a reward for following.
func NameBreaches(name string) []Breach {
	if list := Breaches("", nil, map[string]string{"name": name}, nil); len(list) > 0 {
		return list
	}
	if w := promise.FindString(plain(weblink.Flat(name))); w != "" {
		return []Breach{{PolicyNoRewardForShare, "name", cutText(w, 20)}}
	}
	return nil
}

// plain takes out what people put between characters to get past a filter.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Variation_Selector) || r == '*' || r == '·' || r == '_' {
			return -1
		}
		return r
	}, s)
}
