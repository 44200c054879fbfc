// Command phusong runs the service, its demonstration, its simulated devices and
// the tools around them. `phusong --help` lists the commands.
//
// What a person asked for goes to standard output; what the process has to say
// about itself goes to standard error. Exit status: 0 for done, 1 for a failure,
// told in one line, 2 for a wrong command line.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// cli is the command line.
type cli struct {
	Demo        demoCmd        `cmd:"" help:"Run everything at once: broker, stream, store and a simulated province. Nothing to set up."`
	Serve       serveCmd       `cmd:"" help:"Run the service."`
	Simulate    simulateCmd    `cmd:"" help:"Play simulated devices against a broker."`
	Import      importCmd      `cmd:"" help:"Publish measurements from files."`
	Report      reportCmd      `cmd:"" help:"Write reports: mobile coverage and its evidence, public Wi-Fi, the environment."`
	Check       checkCmd       `cmd:"" help:"Check a configuration, the rules, or that nothing was lost."`
	Rules       rulesCmd       `cmd:"" help:"Test, list and copy the rules that alerts are made by."`
	Deadletters deadlettersCmd `cmd:"" help:"List refused messages, or process them again."`
	Devices     devicesCmd     `cmd:"" help:"List devices and their state, from the running service."`
	Alerts      alertsCmd      `cmd:"" help:"List alerts, take them in hand, write about them."`
	Maintenance maintenanceCmd `cmd:"" help:"Announce work, so that nobody is called for it."`
	Loadtest    loadtestCmd    `cmd:"" help:"Find the highest rate of messages that a running service sustains."`
	Accounts    accountsCmd    `cmd:"" help:"Who may log in: accounts of people and tokens of programs."`
	Secrets     secretsCmd     `cmd:"" help:"Make the secrets of the whole stack, or of a device."`
	Health      healthCmd      `cmd:"" help:"Ask a running service whether it is ready; exit status 0 if so."`
	Version     versionCmd     `cmd:"" help:"Print the version."`
}

// process is what a command may use of the world around it.
type process struct {
	name   string // how it was called, for what it proposes to run
	ctx    context.Context
	stdin  io.Reader // nil for none
	stdout io.Writer
	stderr io.Writer
	env    []string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once, for whoever cannot wait.
	context.AfterFunc(ctx, stop)
	code := run(&process{name: os.Args[0], ctx: ctx, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, env: os.Environ()}, os.Args[1:])
	stop()
	os.Exit(code)
}

// run carries out one command line and returns the exit status.
func run(p *process, args []string) int {
	var c cli
	exited := -1
	parser := newParser(&c, p, func(code int) { exited = code })
	parsed, err := parser.Parse(args)
	if exited >= 0 { // --help
		return exited
	}
	if err != nil {
		fmt.Fprintf(p.stderr, "phusong: %v; see phusong --help\n", err)
		return 2
	}
	if err := parsed.Run(p); err != nil {
		fmt.Fprintf(p.stderr, "phusong: %s\n", strings.TrimSpace(err.Error()))
		return 1
	}
	return 0
}

// newParser makes the parser of command lines; exit is called after --help.
func newParser(c *cli, p *process, exit func(int)) *kong.Kong {
	return kong.Must(c, kong.Name("phusong"), kong.Description("Tells a province where its public Wi-Fi, its mobile coverage or its environment fails."),
		kong.Writers(p.stdout, p.stderr), kong.Exit(exit), kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
}

// newLogger writes to w as the configuration says.
func newLogger(w io.Writer, c LogConfig) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.Level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(p *process) error {
	_, err := fmt.Fprintf(p.stdout, "phusong %s (%s)\n", version(), goVersion())
	return err
}

// version is the module's version, or the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(12, len(s.Value))]
		}
	}
	return "devel"
}

func goVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.GoVersion
	}
	return "unknown"
}
