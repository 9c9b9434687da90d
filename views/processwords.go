package views

// ProcessState is what proc_pid_stat(5) says of a state.
func ProcessState(state byte) string {
	switch state {
	case 'R':
		return "R, runs"
	case 'S':
		return "S, sleeps"
	case 'D':
		return "D, waits for the disk or the like; no signal reaches it"
	case 'Z':
		return "Z, has ended; its parent has not asked for its status"
	case 'T':
		return "T, stopped by a signal"
	case 't':
		return "t, stopped by a debugger"
	case 'I':
		return "I, idle"
	default:
		return string(rune(state))
	}
}
