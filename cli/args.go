package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"itnio_exporter/config"
)

// commandFirst moves the command to the front of the arguments. Its flags may be given before it, but kingpin accepts
// them only after it. Arguments of the form @file are replaced by the lines of the file. A flag that only other commands
// take is an error; the arguments are returned with it.
func commandFirst(app *kingpin.ApplicationModel, args []string) ([]string, error) {
	args, err := expandFiles(args)
	if err != nil {
		return nil, err
	}
	at, flags := scan(app, args)
	chosen := defaultCommand(app)
	if at >= 0 {
		chosen = args[at]
		args = slices.Concat(args[at:at+1], args[:at], args[at+1:])
	}
	for _, name := range flags {
		if taken, by := takers(app, name, chosen); !taken && len(by) > 0 {
			return args, fmt.Errorf("--%s is a flag of %s, not of %s", name, allOf(by), chosen)
		}
	}
	return args, nil
}

// expandFiles replaces @file as kingpin does, but before the flags are looked at. A file cannot name another.
func expandFiles(args []string) ([]string, error) {
	var expanded []string
	for i, arg := range args {
		if arg == "--" {
			return append(expanded, args[i:]...), nil
		}
		file, isFile := strings.CutPrefix(arg, "@")
		if !isFile {
			expanded = append(expanded, arg)
			continue
		}
		text, err := config.ReadFileOrPipe(file)
		if err != nil {
			return nil, fmt.Errorf("arguments file %q: %w", file, err)
		}
		for line := range strings.Lines(string(text)) {
			switch line = strings.TrimRight(line, "\r\n"); {
			case strings.HasPrefix(line, "#"), strings.TrimSpace(line) == "":
				continue
			case strings.HasPrefix(line, "@"):
				return nil, fmt.Errorf("arguments file %q: %s: a file of arguments cannot name another", file, line)
			}
			expanded = append(expanded, line)
		}
	}
	return expanded, nil
}

// scan finds the index of the command, negative if there is none, and the names of the long flags that commands take.
func scan(app *kingpin.ApplicationModel, args []string) (command int, flags []string) {
	command = -1
	for i := 0; i < len(args); i++ {
		name, long := strings.CutPrefix(args[i], "--")
		switch {
		case args[i] == "--":
			return command, flags
		case long:
			name, _, joined := strings.Cut(name, "=")
			flag := findFlag(app, name)
			if flag == nil {
				continue // --help, --version, or an unknown one, which kingpin refuses
			}
			flags = append(flags, flag.Name)
			if !joined && !flag.IsBoolFlag() {
				i++ // the next argument is its value
			}
		case command < 0 && isCommand(app, args[i]):
			command = i
		}
	}
	return command, flags
}

// findFlag looks in all commands for the flag that is given as --name; a boolean one may be given as --no-name.
func findFlag(app *kingpin.ApplicationModel, name string) *kingpin.FlagModel {
	for _, c := range app.Commands {
		for _, f := range c.Flags {
			if f.Name == name || f.IsBoolFlag() && "no-"+f.Name == name {
				return f
			}
		}
	}
	return nil
}

// takers reports whether a command takes a flag, and names the commands whose help shows it.
func takers(app *kingpin.ApplicationModel, flag, command string) (taken bool, shown []string) {
	for _, c := range app.Commands {
		for _, f := range c.Flags {
			if f.Name != flag {
				continue
			}
			taken = taken || c.Name == command
			if !f.Hidden {
				shown = append(shown, c.Name)
			}
		}
	}
	return taken, shown
}

func isCommand(app *kingpin.ApplicationModel, name string) bool {
	return name == "help" || // kingpin's own, which it adds when it parses
		slices.ContainsFunc(app.Commands, func(c *kingpin.CmdModel) bool { return c.Name == name })
}

func defaultCommand(app *kingpin.ApplicationModel) string {
	for _, c := range app.Commands {
		if c.Default {
			return c.Name
		}
	}
	return ""
}

// allOf names all: "a", "a and b", "a, b and c".
func allOf(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
