package sweep

import (
	"bytes"
	"math"
	"strconv"
)

// readResult decodes the canonical form of a result several times as fast as
// encoding/json. A body that it accepts is canonical. It rejects some rare canonical
// bodies, such as those with an empty list, which are left to encoding/json, as is
// the reason of a rejection.
func readResult(body []byte) (r Result, ok bool) {
	c := &canonicalReader{rest: body, ok: true}
	if c.found(`{"angles":`) {
		r.Angles = list(c, func() [][][2]float64 {
			return list(c, func() [][2]float64 { return list(c, c.pair) })
		})
		c.literal(`,"data":`)
	} else {
		c.literal(`{"data":`)
	}
	r.Data = named(c, c.numbers)
	if c.found(`,"error_intervals":`) {
		r.ErrorIntervals = named(c, c.pair)
	}
	c.literal(`,"errors":`)
	r.Errors = named(c, c.number)
	c.literal(`,"floors":`)
	r.Floors = named(c, c.number)
	if c.found(`,"heldout":`) {
		r.Heldout = named(c, c.numbers)
	}
	if c.found(`,"heldout_error_intervals":`) {
		r.HeldoutErrorIntervals = named(c, c.pair)
	}
	if c.found(`,"heldout_errors":`) {
		r.HeldoutErrors = named(c, c.number)
	}
	if c.found(`,"heldout_floors":`) {
		r.HeldoutFloors = named(c, c.number)
	}
	if c.found(`,"history":`) {
		r.History = list(c, c.point)
	}
	if c.found(`,"likelihood":`) {
		r.Likelihood = c.likelihood()
	}
	c.literal(`,"model":`)
	r.Model = named(c, c.numbers)
	if c.found(`,"parameters":`) {
		r.Parameters = named(c, c.numbers)
	}
	c.literal(`,"samples":`)
	r.Samples = list(c, func() []uint32 { return list(c, func() uint32 { return uint32(c.whole(math.MaxUint32)) }) })
	c.literal(`,"trainable_parameters":`)
	r.TrainableParameters = int(c.whole(maxWhole))
	if c.found(`,"training":`) {
		r.Training = list(c, c.trainingPoint)
	}
	c.literal(`}`)
	return r, c.ok && len(c.rest) == 0
}

// canonicalReader reads JSON as Encode writes it. After the first unexpected byte it
// reads nothing more.
type canonicalReader struct {
	rest []byte
	ok   bool
	text []byte // scratch
}

// found consumes a text if it comes next.
func (c *canonicalReader) found(text string) bool {
	if !c.ok || len(c.rest) < len(text) || string(c.rest[:len(text)]) != text {
		return false
	}
	c.rest = c.rest[len(text):]
	return true
}

func (c *canonicalReader) literal(text string) { c.ok = c.found(text) }

// list reads a non-empty list.
func list[T any](c *canonicalReader, item func() T) []T {
	c.literal(`[`)
	var all []T
	for c.ok {
		all = append(all, item())
		if c.found(`]`) {
			break
		}
		c.literal(`,`)
	}
	return all
}

// named reads a non-empty object with sorted keys.
func named[T any](c *canonicalReader, value func() T) map[string]T {
	c.literal(`{`)
	all := map[string]T{}
	for last := ""; c.ok; {
		key := c.key()
		c.ok = c.ok && key > last
		all[key] = value()
		last = key
		if c.found(`}`) {
			break
		}
		c.literal(`,`)
	}
	return all
}

// key reads a name without escapes.
func (c *canonicalReader) key() string {
	c.literal(`"`)
	n := 0
	for n < len(c.rest) && (c.rest[n] == '_' || 'a' <= c.rest[n] && c.rest[n] <= 'z' || '0' <= c.rest[n] && c.rest[n] <= '9') {
		n++
	}
	key := string(c.rest[:n])
	c.rest = c.rest[n:]
	c.literal(`":`)
	return key
}

func (c *canonicalReader) numbers() []float64 { return list(c, c.number) }

func (c *canonicalReader) pair() (p [2]float64) {
	c.literal(`[`)
	p[0] = c.number()
	c.literal(`,`)
	p[1] = c.number()
	c.literal(`]`)
	return p
}

func (c *canonicalReader) likelihood() *Likelihood {
	var l Likelihood
	c.literal(`{"bits_per_bin":`)
	l.BitsPerBin = c.number()
	c.literal(`,"heldout_bits_per_bin":`)
	l.HeldoutBitsPerBin = c.number()
	c.literal(`,"heldout_standard_error":`)
	l.HeldoutStandardError = c.number()
	c.literal(`,"heldout_units":`)
	l.HeldoutUnits = int(c.whole(math.MaxInt32))
	c.literal(`}`)
	return &l
}

func (c *canonicalReader) point() (p HistoryPoint) {
	c.literal(`{"js_bits":`)
	p.JSBits = c.number()
	c.literal(`,"step":`)
	p.Step = int(c.whole(math.MaxInt32))
	c.literal(`}`)
	return p
}

func (c *canonicalReader) trainingPoint() (p TrainingPoint) {
	c.literal(`{`)
	for _, loss := range []struct {
		name string
		to   **float64
	}{{`"critic_loss":`, &p.CriticLoss}, {`"generator_loss":`, &p.GeneratorLoss}} {
		if c.found(loss.name) {
			v := c.number()
			*loss.to = &v
			c.literal(`,`)
		}
	}
	c.literal(`"gradient_norm":`)
	p.GradientNorm = c.number()
	c.literal(`,"gradient_norm_variance":`)
	p.GradientNormVariance = c.number()
	c.literal(`,"step":`)
	p.Step = int(c.whole(math.MaxInt32))
	c.literal(`}`)
	return p
}

// token consumes the text up to the next delimiter.
func (c *canonicalReader) token() []byte {
	n := 0
	for n < len(c.rest) && c.rest[n] != ',' && c.rest[n] != ']' && c.rest[n] != '}' {
		n++
	}
	if !c.ok || n == len(c.rest) {
		c.ok = false
		return nil
	}
	token := c.rest[:n]
	c.rest = c.rest[n:]
	return token
}

// number reads a number in the form of encoding/json.
func (c *canonicalReader) number() float64 {
	token := c.token()
	v, err := strconv.ParseFloat(string(token), 64)
	if err != nil || notFinite(v) {
		c.ok = false
		return 0
	}
	c.text = appendNumber(c.text[:0], v)
	c.ok = c.ok && bytes.Equal(c.text, token)
	return v
}

// whole reads a whole number from 0 to a limit.
func (c *canonicalReader) whole(limit uint64) uint64 {
	token := c.token()
	if len(token) == 0 || len(token) > len("9007199254740991") || token[0] == '0' && len(token) > 1 {
		c.ok = false
		return 0
	}
	v := uint64(0)
	for _, digit := range token {
		if digit < '0' || digit > '9' {
			c.ok = false
			return 0
		}
		v = 10*v + uint64(digit-'0')
	}
	c.ok = c.ok && v <= limit
	return v
}

// appendNumber appends a number in the form of encoding/json, which is ECMAScript's.
func appendNumber(to []byte, v float64) []byte {
	size := math.Abs(v)
	if size == 0 || 1e-6 <= size && size < 1e21 {
		return strconv.AppendFloat(to, v, 'f', -1, 64)
	}
	to = strconv.AppendFloat(to, v, 'e', -1, 64)
	// e-09 is written e-9.
	if n := len(to); n >= 4 && to[n-4] == 'e' && to[n-3] == '-' && to[n-2] == '0' {
		to[n-2] = to[n-1]
		to = to[:n-1]
	}
	return to
}
