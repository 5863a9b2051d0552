package showtest

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/examples/internal/show"
)

// asProgram tells the test binary that it was started to be the program.
const asProgram = "TENURE_EXAMPLE_PROGRAM"

var killSeed = flag.Uint64("killseed", 0, "draws the moments at which programs are killed (default: another each time)")

// Main is what TestMain calls in a package whose tests use [Killed]:
//
//	func TestMain(m *testing.M) { showtest.Main(m, program) }
func Main(m *testing.M, program func() show.Program) {
	if os.Getenv(asProgram) != "" {
		show.Main(program())
	}
	os.Exit(m.Run())
}

// Killed runs the program of [Main] with args in a process of its own, kills that process by SIGKILL
// and runs it again, so many times; the last one is left to end by itself, and must pass its checks.
// Name a database in args, or each will begin anew. Killed returns all that was promised, in order and
// as often as it was said, and what the last one printed.
//
// The moments are drawn by a seed, which the test's log names: a process in four dies within 50 ms of
// its start, the others up to 4 ms after so many different promises were made. promises says how many
// different ones an undisturbed run makes.
func Killed(t *testing.T, times, promises int, args ...string) (promised []string, out string) {
	t.Helper()
	seed := *killSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("killed %d times: -killseed %d", times, seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	after := make([]int, times)
	for i := range after {
		after[i] = rng.IntN(max(1, promises*9/10))
	}
	slices.Sort(after)
	made := make(map[string]bool)
	for i := range after {
		starting, later := rng.IntN(4) == 0, rng.IntN(5)
		p := startProgram(t, args)
		if starting {
			later = rng.IntN(50)
		}
		for !starting {
			line, ok := <-p.promises
			require.True(t, ok, "it ended before it was killed: %s%s", &p.out, &p.errs)
			promised, made[line] = append(promised, line), true
			if len(made) >= after[i] {
				break
			}
		}
		time.Sleep(time.Duration(later) * time.Millisecond)
		require.NoError(t, p.cmd.Process.Kill())
		for line := range p.promises { // what it had said before it died
			promised, made[line] = append(promised, line), true
		}
		var died *exec.ExitError
		require.ErrorAs(t, p.cmd.Wait(), &died, "it ended before it was killed")
		require.False(t, died.Exited(), "it ended by itself: %s%s", &p.out, &p.errs)
		moment := "while it started"
		if !starting {
			moment = fmt.Sprintf("after promise %d", after[i])
		}
		t.Logf("killed %d ms %s; %d promised by then", later, moment, len(made))
	}
	p := startProgram(t, args)
	for line := range p.promises {
		promised = append(promised, line)
	}
	require.NoError(t, p.cmd.Wait(), "%s%s", &p.out, &p.errs)
	return promised, p.out.String()
}

// A process is a program that runs on its own.
type process struct {
	cmd      *exec.Cmd
	out      bytes.Buffer
	errs     bytes.Buffer
	promises chan string // closed when it has ended
}

// startProgram starts the program; it makes its promises through a pipe, so that each is heard at once and
// none is lost with the process.
func startProgram(t *testing.T, args []string) *process {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	read, write, err := os.Pipe()
	require.NoError(t, err)
	p := &process{promises: make(chan string)}
	p.cmd = exec.CommandContext(t.Context(), self, append(slices.Clone(args), "-promises", "/dev/fd/3")...)
	p.cmd.Env = append(os.Environ(), asProgram+"=yes")
	p.cmd.ExtraFiles = []*os.File{write}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.errs
	require.NoError(t, p.cmd.Start())
	require.NoError(t, write.Close())
	go func() {
		defer read.Close()
		defer close(p.promises)
		for lines := bufio.NewScanner(read); lines.Scan(); {
			p.promises <- lines.Text()
		}
	}()
	return p
}
