package web

import (
	"maps"
	"regexp"
	"strings"
)

// fieldRule is a way in which reasons of single fields are written: huma's sentences and those that services use most.
type fieldRule struct {
	reason  *regexp.Regexp
	rule    string // stable code
	chinese string // with $1 … of the reason
}

func ruleFor(reason, rule, chinese string) fieldRule {
	return fieldRule{regexp.MustCompile(`^(?:` + reason + `)$`), rule, chinese}
}

// fieldRules are tried in their order. Huma's sentences change with its version; a test sends what provokes them.
var fieldRules = []fieldRule{
	ruleFor(`expected required property (\S+) to be present`, "required", "缺少 $1"),
	ruleFor(`required \S+ parameter is missing`, "required", "缺少此参数"),
	ruleFor(`request body is required`, "required", "缺少请求体"),
	ruleFor(`must be answered|must say why|at least one field`, "required", "必填"),
	ruleFor(`must say why, in (?:at most|1 to) (\d+) characters|1 to (\d+) characters that say why`, "required", "请写明原因,最多 $1$2 个字"),
	ruleFor(`expected length >= (\d+)`, "min_length", "至少 $1 个字"),
	ruleFor(`expected length <= (\d+)|(?:must be )?at most (\d+) (?:printable )?characters`, "max_length", "最多 $1$2 个字"),
	ruleFor(`(?:must be )?at most (\d+) printable ASCII characters`, "max_length", "最多 $1 个英文字母、数字或符号"),
	ruleFor(`(?:must (?:be|have) )?(\d+) to (\d+) (?:printable )?characters`, "length", "须 $1 至 $2 个字"),
	ruleFor(`(?:must (?:be|have) )?(\d+) to (\d+) printable ASCII characters`, "length", "须 $1 至 $2 个英文字母、数字或符号"),
	ruleFor(`expected array length >= (\d+)`, "min_items", "至少 $1 项"),
	ruleFor(`expected array length <= (\d+)`, "max_items", "最多 $1 项"),
	ruleFor(`expected array items to be unique`, "unique", "不能有重复"),
	ruleFor(`expected number >= (\S+)|(?:must be )?at least (\d+)|(\d+) or more`, "minimum", "不能小于 $1$2$3"),
	ruleFor(`expected number > (\S+)`, "minimum", "须大于 $1"),
	ruleFor(`expected number <= (\S+)`, "maximum", "不能大于 $1"),
	ruleFor(`expected number < (\S+)`, "maximum", "须小于 $1"),
	ruleFor(`must not be negative`, "minimum", "不能小于 0"),
	ruleFor(`(?:must be )?(-?\d+) to (-?\d+)`, "range", "须在 $1 到 $2 之间"),
	ruleFor(`expected number to be a multiple of (\S+)`, "multiple", "须是 $1 的倍数"),
	ruleFor(`expected value to be one of "(.*)"`, "enum", "只能是 $1"),
	ruleFor(`"?([^" ]+)"? is not one of \[([^\]]*)\]`, "enum", "$1 不在可用的之中:$2"),
	ruleFor(`expected string to match pattern (.+)`, "pattern", "格式不对,须符合 $1"),
	ruleFor(`expected string to be RFC 3339 date-time|invalid date/time for format .+`, "format", "须是时间,如 2026-11-21T12:00:00+08:00"),
	ruleFor(`expected string to be RFC 3339 date`, "format", "须是日期,如 2026-11-21"),
	ruleFor(`a day, (\S+)`, "format", "须是日期,如 $1"),
	ruleFor(`a month, (\S+)`, "format", "须是月份,如 $1"),
	ruleFor(`expected string to be base64 encoded`, "format", "须是 base64"),
	ruleFor(`expected integer|invalid integer`, "type", "须是整数"),
	ruleFor(`expected number|invalid float(?:ing value)?`, "type", "须是数字"),
	ruleFor(`expected boolean|invalid boolean`, "type", "须是 true 或 false"),
	ruleFor(`expected string`, "type", "须是文字"),
	ruleFor(`expected array`, "type", "须是列表"),
	ruleFor(`expected object`, "type", "须是对象"),
	ruleFor(`unexpected property|unknown query parameter`, "unknown", "没有这个字段"),
	ruleFor(`(?:must be |one of )?([a-z][a-z0-9_]*(?:, [a-z][a-z0-9_]*)* or [a-z][a-z0-9_]*)`, "enum", "只能是 $1"),
	ruleFor(`one of ([a-z][a-z0-9_]*(?:, [a-z][a-z0-9_]*)+)`, "enum", "只能是 $1"),
}

// inWords gives every faulty field of a refusal a stable code, where its reason is of a known kind, and its reason in the language of the
// request. A reason of no known kind stays as the service wrote it.
func inWords(more map[string]any, english bool) map[string]any {
	fields, ok := more["fields"].([]map[string]string)
	if !ok {
		return more
	}
	list := make([]map[string]string, len(fields))
	for i, f := range fields {
		list[i] = maps.Clone(f)
		rule, chinese, ok := judge(f["reason"])
		if !ok {
			continue
		}
		list[i]["rule"] = rule
		if !english {
			list[i]["reason"] = chinese
		}
	}
	more = maps.Clone(more)
	more["fields"] = list
	return more
}

func judge(reason string) (rule, chinese string, ok bool) {
	for _, r := range fieldRules {
		if at := r.reason.FindStringSubmatchIndex(reason); at != nil {
			words := string(r.reason.ExpandString(nil, r.chinese, reason, at))
			if r.rule == "enum" {
				words = strings.NewReplacer(", ", "、", " or ", " 或 ").Replace(words)
			}
			return r.rule, words, true
		}
	}
	return "", "", false
}
