package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/alecthomas/kong"

	"waybill/internal/fault"
)

// common holds what every command that touches an installation needs.
type common struct {
	Data     string `default:"./waybill-data" placeholder:"DIR" help:"Folder that holds everything Waybill writes. Created at first start."`
	Ledger   string `placeholder:"URL" help:"postgres://… keeps conversions and money in PostgreSQL. Left open: SQLite in the data folder."`
	LogLevel string `default:"info" enum:"debug,info,warn,error" help:"What is logged: debug, info, warn or error."`
	LogJSON  bool   `name:"log-json" help:"Log JSON, one object a line."`
}

// command is the whole command line.
type command struct {
	Serve   serveCmd   `cmd:"" help:"Run a node: clicks, postbacks, deliveries and the API."`
	Demo    demoCmd    `cmd:"" help:"See the whole way: Waybill with a demo shop and a demo affiliate tracker, and visitors between them."`
	Key     keyCmd     `cmd:"" help:"API keys."`
	User    userCmd    `cmd:"" help:"People who sign in to the console."`
	Txid    txidCmd    `cmd:"" help:"Transaction IDs."`
	Check   checkCmd   `cmd:"" help:"Verify that conversions, money, caps and deliveries agree. Exit code 1 and a list when they do not."`
	Rebuild rebuildCmd `cmd:"" help:"Make anew what is derived from journal and ledger."`
	Export  exportCmd  `cmd:"" help:"Write days of clicks, conversions, … into Parquet or CSV files, beside a running node or without one."`
	Backup  backupCmd  `cmd:"" help:"Copy the whole installation into a folder, beside a running node or without one."`
	Restore restoreCmd `cmd:"" help:"Bring a backup back into an empty data folder. Deliveries stay parked until --resume."`
	Bench   benchCmd   `cmd:"" hidden:"" help:"What serves to measure."`
	Version versionCmd `cmd:"" help:"Print the version."`
	Help    helpCmd    `cmd:"" help:"Show what a command does and its flags."`

	Config string `type:"path" placeholder:"FILE" help:"TOML file with the same names as the flags. Left open: waybill.toml in the current folder, if there is one."`
}

const about = `Waybill is server-to-server (postback) affiliate tracking: a click gets a transaction ID and is written
down before the redirect; the advertiser's postback is matched to it, counted once and turned into money; the
affiliate's own tracker gets its postback.

First steps: "waybill demo" shows the whole way; "waybill serve" runs a node.

Every flag can also be set as WAYBILL_NAME in the environment, or in waybill.toml; flags win over the
environment, the environment over the file.`

// run parses the command line and runs one command.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var c command
	e := &env{ctx: ctx, stdout: stdout, stderr: stderr}
	file, err := configFile(args)
	if err != nil {
		return err
	}
	helped := false
	parser, err := kong.New(&c, append(options(stdout, stderr, func(int) { helped = true }), kong.Resolvers(file))...)
	if err != nil {
		return fmt.Errorf("read the command line: %w", err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if helped {
		return nil
	}
	if err != nil {
		return usage(args, err)
	}
	e.model = parser
	return parsed.Run(e)
}

// options are how the command line is read, but for the configuration file.
func options(stdout, stderr io.Writer, exit func(int)) []kong.Option {
	return []kong.Option{
		kong.Name("waybill"), kong.Description(about), kong.UsageOnError(),
		kong.Writers(stdout, stderr),
		kong.Exit(exit),
		kong.DefaultEnvars("WAYBILL"),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 110}),
		kong.TypeMapper(reflect.TypeFor[netip.Prefix](), kong.MapperFunc(prefixMapper)),
	}
}

// usage turns the parser's error into one that names the mistake and the way
// out.
func usage(args []string, err error) error {
	var parse *kong.ParseError
	if errors.As(err, &parse) && strings.HasPrefix(err.Error(), "unexpected argument") {
		return fault.New(fault.Invalid, "no command %q; try waybill help", firstWord(args))
	}
	return fault.New(fault.Invalid, "%s; try waybill help", err)
}

// firstWord gives the first argument that is not a flag.
func firstWord(args []string) string {
	for _, a := range args {
		if !strings.HasPrefix(a, "-") {
			return a
		}
	}
	return strings.Join(args, " ")
}

// prefixMapper reads an address or a CIDR.
func prefixMapper(ctx *kong.DecodeContext, target reflect.Value) error {
	var text string
	if err := ctx.Scan.PopValueInto("CIDR", &text); err != nil {
		return err
	}
	p, err := parsePrefix(text)
	if err != nil {
		return err
	}
	target.Set(reflect.ValueOf(p))
	return nil
}

// parsePrefix reads a CIDR, or an address as the CIDR of itself alone.
func parsePrefix(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is neither an address nor a CIDR such as 10.0.0.0/8", text)
	}
	return p.Masked(), nil
}

// configFile finds and reads the TOML file: the one named by --config or
// WAYBILL_CONFIG, else waybill.toml in the current folder when it is there.
func configFile(args []string) (kong.Resolver, error) {
	path, named := os.Getenv("WAYBILL_CONFIG"), true
	for i, a := range args {
		if value, ok := strings.CutPrefix(a, "--config="); ok {
			path = value
		} else if a == "--config" && i+1 < len(args) {
			path = args[i+1]
		}
	}
	if path == "" {
		path, named = "waybill.toml", false
	}
	values := map[string]any{}
	_, err := toml.DecodeFile(filepath.Clean(path), &values)
	if err != nil && (named || !errors.Is(err, os.ErrNotExist)) {
		return nil, fault.New(fault.Invalid, "read the configuration file %s: %s", path, err)
	}
	return &fileValues{path: path, values: values}, nil
}

// fileValues gives flags their values from the configuration file.
type fileValues struct {
	path   string
	values map[string]any
}

// Validate refuses names that are no flag of any command, since a mistyped
// setting that is quietly ignored is found at the worst moment.
func (f *fileValues) Validate(app *kong.Application) error {
	known := map[string]bool{}
	err := kong.Visit(app, func(n kong.Visitable, next kong.Next) error {
		if flag, ok := n.(*kong.Flag); ok {
			known[flag.Name] = true
		}
		return next(nil)
	})
	if err != nil {
		return err
	}
	for name := range f.values {
		if !known[dashed(name)] {
			return fmt.Errorf("%s: no setting is called %q", f.path, name)
		}
	}
	return nil
}

// Resolve gives the file's value of a flag, nil when it has none.
func (f *fileValues) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs { // the environment wins over the file
		if _, set := os.LookupEnv(name); set {
			return nil, nil //nolint:nilnil // kong's way to say "no value here"
		}
	}
	named := flag.Name
	switch {
	case flag.Name == warehouseURLFlag:
		named = "warehouse"
	case flag.Name == "warehouse" && flag.IsBool():
		return nil, nil //nolint:nilnil // check's flag of that name is a wish, no setting
	}
	for name, value := range f.values {
		if dashed(name) == named {
			return value, nil
		}
	}
	return nil, nil //nolint:nilnil // as above
}

// dashed spells a setting's name as its flag does.
func dashed(name string) string { return strings.ReplaceAll(name, "_", "-") }
