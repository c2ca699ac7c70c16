package earning

import "huitou/service/moves"

// MergeParts says what becomes of what was earned when two members turn out to be one: the lines explain entries of the ledger, and stay beside
// them. A streak of check-ins goes on from the survivor's own days, and caps per day and year count each account's own.
func MergeParts() []moves.Part {
	return []moves.Part{
		moves.Stays("积分规则的明细解释原流水,留在原处;每日上限各算各的", "earning_firings.member_id"),
		moves.Stays("签到与行为奖励解释原流水,留在原处;连续签到从保留方自己的天数接着算", "earning_actions.member_id"),
	}
}
