package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/format"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
)

// Marks that stand in an expanded pattern for what is no letter.
const (
	begin = "\x01" // of the agent
	end   = "\x02" // of the agent
	gap   = "\x03" // anything, or nothing
)

// Limits on what a pattern may expand to, and on how little a word may say.
const (
	maxWords  = 64
	maxClass  = 4
	shortWord = 3
)

// table is the crawlers' words, by where in an agent they count.
type table struct {
	anywhere, prefix, suffix []string
	pairs                    [][2]string
}

// add puts every word that pattern stands for where it belongs.
func (t *table) add(pattern string) error {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	words, err := expand(parsed)
	if err != nil {
		return err
	}
	for _, w := range words {
		if err := t.addWord(w); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) addWord(w string) error {
	plain := strings.Trim(w, begin+end+gap)
	if len(plain) < shortWord {
		return fmt.Errorf("%q is too short", plain)
	}
	first, second, paired := strings.Cut(plain, gap)
	anchored := strings.HasPrefix(w, begin) || strings.HasSuffix(w, end)
	switch {
	case strings.ContainsAny(second, begin+end+gap), strings.ContainsAny(first, begin+end), paired && anchored:
		return errors.New("it is neither a word nor a pair of words")
	case paired:
		t.pairs = append(t.pairs, [2]string{first, second})
	case strings.HasPrefix(w, begin) && strings.HasSuffix(w, end):
		return errors.New("it is a whole agent")
	case strings.HasPrefix(w, begin):
		t.prefix = append(t.prefix, plain)
	case strings.HasSuffix(w, end):
		t.suffix = append(t.suffix, plain)
	default:
		t.anywhere = append(t.anywhere, plain)
	}
	return nil
}

// expand lists all that re matches, with marks for anchors and gaps.
func expand(re *syntax.Regexp) ([]string, error) {
	switch re.Op {
	case syntax.OpLiteral:
		return expandLiteral(re)
	case syntax.OpEmptyMatch:
		return []string{""}, nil
	case syntax.OpBeginText:
		return []string{begin}, nil
	case syntax.OpEndText:
		return []string{end}, nil
	case syntax.OpCharClass:
		return expandClass(re.Rune)
	case syntax.OpCapture:
		return expand(re.Sub[0])
	case syntax.OpStar:
		return expandStar(re.Sub[0])
	case syntax.OpQuest:
		words, err := expand(re.Sub[0])
		return append(words, ""), err
	case syntax.OpAlternate:
		return expandAlternate(re.Sub)
	case syntax.OpConcat:
		return expandConcat(re.Sub)
	default:
		return nil, fmt.Errorf("%s is no word", re)
	}
}

// expandLiteral minds that [wW] is parsed as one letter in either case.
func expandLiteral(re *syntax.Regexp) ([]string, error) {
	if re.Flags&syntax.FoldCase == 0 {
		return []string{string(re.Rune)}, nil
	}
	words := []string{""}
	for _, r := range re.Rune {
		if 2*len(words) > maxWords {
			return nil, errors.New("it stands for too many words")
		}
		var longer []string
		for _, w := range words {
			longer = append(longer, w+string(unicode.ToUpper(r)), w+string(unicode.ToLower(r)))
		}
		words = longer
	}
	return words, nil
}

func expandClass(ranges []rune) ([]string, error) {
	var words []string
	for i := 0; i < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if len(words) == maxClass {
				return nil, errors.New("a class stands for too many letters")
			}
			words = append(words, string(r))
		}
	}
	return words, nil
}

// expandStar takes any number of anything for a gap.
func expandStar(sub *syntax.Regexp) ([]string, error) {
	all := sub.Op == syntax.OpAnyChar || sub.Op == syntax.OpAnyCharNotNL ||
		sub.Op == syntax.OpCharClass && slices.Equal(sub.Rune, []rune{0, 0x10FFFF})
	if !all {
		return nil, fmt.Errorf("%s is repeated", sub)
	}
	return []string{gap}, nil
}

func expandAlternate(subs []*syntax.Regexp) ([]string, error) {
	var words []string
	for _, sub := range subs {
		more, err := expand(sub)
		if err != nil {
			return nil, err
		}
		words = append(words, more...)
	}
	return words, nil
}

func expandConcat(subs []*syntax.Regexp) ([]string, error) {
	words := []string{""}
	for _, sub := range subs {
		tails, err := expand(sub)
		if err != nil {
			return nil, err
		}
		if len(words)*len(tails) > maxWords {
			return nil, errors.New("it stands for too many words")
		}
		var longer []string
		for _, w := range words {
			for _, tail := range tails {
				longer = append(longer, w+tail)
			}
		}
		words = longer
	}
	return words, nil
}

// minimal gives words in order, without those that another covers.
func minimal(words []string, covers func(word, other string) bool) []string {
	slices.Sort(words)
	words = slices.Compact(words)
	var kept []string
	for _, w := range words {
		covered := slices.ContainsFunc(words, func(other string) bool {
			return other != w && covers(w, other)
		})
		if !covered {
			kept = append(kept, w)
		}
	}
	return kept
}

// source is the Go file, with the notice that the list's licence asks for.
func (t *table) source(version, licence string) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "// Code generated by tools/visitordata from crawler-user-agents %s; DO NOT EDIT.\n\n", version)
	fmt.Fprintf(&b, "// The words are those of crawler-user-agents, under this licence:\n//\n")
	for line := range strings.SplitSeq(strings.TrimSpace(licence), "\n") {
		b.WriteString(strings.TrimRight("// "+line, " ") + "\n")
	}
	b.WriteString("\npackage visitor\n")
	writeList(&b, "crawlerWords is what a crawler's agent has in it.", "crawlerWords", minimal(t.anywhere, strings.Contains))
	writeList(&b, "crawlerPrefixes is what a crawler's agent begins with.", "crawlerPrefixes", minimal(t.prefix, strings.HasPrefix))
	writeList(&b, "crawlerSuffixes is what a crawler's agent ends with.", "crawlerSuffixes", minimal(t.suffix, strings.HasSuffix))

	slices.SortFunc(t.pairs, func(a, b [2]string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) })
	b.WriteString("\n// crawlerPairs is what a crawler's agent has in it one after the other.\nvar crawlerPairs = [...][2]string{\n")
	for _, p := range slices.Compact(t.pairs) {
		fmt.Fprintf(&b, "\t{%q, %q},\n", p[0], p[1])
	}
	b.WriteString("}\n")

	source, err := format.Source(b.Bytes())
	if err != nil {
		return nil, fmt.Errorf("format table: %w", err)
	}
	return source, nil
}

func writeList(b *bytes.Buffer, comment, name string, words []string) {
	fmt.Fprintf(b, "\n// %s\nvar %s = [...]string{\n", comment, name)
	for _, w := range words {
		fmt.Fprintf(b, "\t%q,\n", w)
	}
	b.WriteString("}\n")
}
