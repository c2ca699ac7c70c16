package staff

import "huitou/model/fault"

// The faults of staff accounts and sessions.
var (
	// ErrCredentials means that name and password do not belong together, or that the account is disabled.
	ErrCredentials = fault.New(fault.Unauthenticated, "staff.credentials", "用户名或密码不正确", "the name or the password is not right")

	// ErrTooManyAttempts means that sign-ins for this account or from this address failed too often; the detail
	// retry_after_s says how long to wait.
	ErrTooManyAttempts = fault.New(fault.TooMany, "staff.too_many_attempts", "登录尝试过多,请稍后再试", "too many sign-in attempts, try again later")

	// ErrSession means that there is no such session, or that it has ended.
	ErrSession = fault.New(fault.Unauthenticated, "staff.session", "登录已失效,请重新登录", "the session has ended, sign in again")

	// ErrNameTaken means that another account has the name.
	ErrNameTaken = fault.New(fault.Conflict, "staff.name_taken", "用户名已存在", "the name is taken")

	// ErrUnknown means that there is no such account.
	ErrUnknown = fault.New(fault.NotFound, "staff.unknown", "员工账号不存在", "there is no such account")

	// ErrPassword means that a new password is too easy to guess; the detail "reason" says why.
	ErrPassword = fault.New(fault.Invalid, "staff.password", "密码过于简单:至少 10 个字符,且不能是常见密码", "the password is too easy to guess")
)
