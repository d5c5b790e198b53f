package cli

// usageTemplate is kingpin's usage text, shortened to what the commands have. Without a command it shows the flags of the
// default command too: they are what most people look for.
const usageTemplate = `{{define "Commands" -}}
{{range .FlattenedCommands}}{{if not .Hidden}}  {{.FullCommand}}{{if .Default}}*{{end}}
{{.Help|Wrap 4}}
{{end}}{{end}}{{end -}}

{{define "Help"}}{{if .Help}}
{{.Help|Wrap 0}}{{end}}{{end -}}

{{with .Context.SelectedCommand -}}
usage: {{$.App.Name}} {{.}}{{if .FlagSummary}} {{.FlagSummary}}{{end}}
{{template "Help" .}}
{{else -}}
usage: {{.App.Name}} [<flags>] [<command>]
{{template "Help" .App}}
{{end -}}

Flags:
{{.Context.Flags|FlagsToTwoColumns|FormatTwoColumns}}
{{if not .Context.SelectedCommand -}}
{{range .App.Commands}}{{if .Default -}}
Flags of {{.Name}}:
{{.Flags|FlagsToTwoColumns|FormatTwoColumns}}
{{end}}{{end -}}
Commands (* is the default; "<command> --help" shows its flags):
{{template "Commands" .App}}
{{- end -}}
`
