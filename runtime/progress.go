package runtime

import "bytes"

// Progress is a word from an operation that is under way.
type Progress struct {
	Step   string // what it does now, such as "copying the root"; "" = as before
	Done   uint64 // of Total
	Total  uint64 // bytes, or whatever Unit says; 0 = as before, or not known
	Unit   string // "" = bytes
	Output []byte // what a program that does the work has written, raw: foreign text
	Stderr bool   // Output is of its standard error
	Exit   *Exit  // Run: the command has ended
	// Shipped is told once, at the end of a Pack or Unpack that went well.
	Shipped *Shipped
	// Copied is told once, at the end of a Push or Pull, also of one that failed.
	Copied *Copied
}

// Output keeps the last lines that a program wrote, within bounds, as a
// terminal would show them: a carriage return begins the line anew, so that a
// progress bar stays one line.
type Output struct {
	lines   []string
	size    int // bytes of lines
	dropped int
	open    []byte // the line that has not ended
	back    bool   // a carriage return has come: what follows replaces the open line
}

// Bounds of an Output.
const (
	MaxOutputLines = 5000
	MaxOutputLine  = 4096    // bytes; what is longer is cut
	MaxOutput      = 2 << 20 // bytes of all lines
)

// Write takes what was written, in chunks of any size. It never fails.
func (o *Output) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		i := bytes.IndexAny(p, "\n\r")
		part := p
		if i >= 0 {
			part = p[:i]
		}
		if len(part) > 0 {
			if o.back {
				o.open, o.back = o.open[:0], false
			}
			o.open = append(o.open, part[:min(len(part), MaxOutputLine-len(o.open))]...)
		}
		if i < 0 {
			break
		}
		if p[i] == '\n' {
			o.add(string(o.open))
			o.open, o.back = o.open[:0], false
		} else {
			o.back = true
		}
		p = p[i+1:]
	}
	return n, nil
}

// add keeps a line; the oldest go when there are too many. The array behind the
// lines moves on with them: append copies only those that are kept.
func (o *Output) add(line string) {
	o.lines = append(o.lines, line)
	o.size += len(line)
	for len(o.lines) > MaxOutputLines || o.size > MaxOutput {
		o.size -= len(o.lines[0])
		o.lines[0] = ""
		o.lines = o.lines[1:]
		o.dropped++
	}
}

// Len is how many lines are kept, the open one included.
func (o *Output) Len() int {
	if len(o.open) > 0 {
		return len(o.lines) + 1
	}
	return len(o.lines)
}

// Line is the i-th of them, foreign text as it came.
func (o *Output) Line(i int) string {
	if i == len(o.lines) {
		return string(o.open)
	}
	return o.lines[i]
}

// Dropped is how many lines had to go, to keep within bounds.
func (o *Output) Dropped() int { return o.dropped }

// Size is how many bytes are kept.
func (o *Output) Size() int { return o.size + len(o.open) }

// Last is the last line that is not empty; "" = there is none.
func (o *Output) Last() string {
	for i := o.Len() - 1; i >= 0; i-- {
		if l := o.Line(i); l != "" {
			return l
		}
	}
	return ""
}
