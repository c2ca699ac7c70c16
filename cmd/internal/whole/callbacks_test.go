package whole

// delivery is what the simulator says of one push or notice.
type delivery struct {
	ID       string
	App      string
	Event    string
	State    string
	Problem  string
	Attempts []attempt
}

type attempt struct {
	Fault  string
	Status int
	Error  string
	Reply  string
}

// last is the latest attempt.
func (d delivery) last() attempt {
	if len(d.Attempts) == 0 {
		return attempt{}
	}
	return d.Attempts[len(d.Attempts)-1]
}
