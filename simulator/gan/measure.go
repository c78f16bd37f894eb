package gan

import "math"

// Measure makes the next steps compute the losses of their last updates. It changes no bit
// of the training.
func (t *Trainer) Measure(on bool) {
	t.actor.measures = on
	if t.critic != nil {
		t.critic.measures = on
	}
}

// Losses returns the losses of the last step, for its batches and before its updates; NaN
// if they were not measured (see Measure) or do not exist. The critic's is L_C of its last
// update, with the penalty; WGAN alone has one. The generator's is L_G with the K-term, at
// the expected bits with Expectation, and in nats per window with Likelihood; MMD has none.
func (t *Trainer) Losses() (critic, generator float64) {
	critic = math.NaN()
	if t.critic != nil {
		critic = t.critic.loss
	}
	return critic, t.actor.loss
}

// GradientNorm returns the Euclidean norm of the generator's gradient in the last step, in
// units of the loss per radian; 0 before the first step.
func (t *Trainer) GradientNorm() float64 { return t.actor.norm }

// valued is an estimator that knows the objective at the batch of the last prepare.
type valued interface{ value() float64 }

// measure notes the loss of the prepared batch, if it is to be measured.
func (a *actor) measure() {
	a.loss = math.NaN()
	if e, ok := a.estimator.(valued); ok && a.measures {
		a.loss = e.value()
	}
}

func (e *likelihood) value() float64 { return e.loss }

// value returns L_G = −(1/B) Σ_j C(G_j) + K·ℓ, with the critic at the rows.
func (e *tangent) value() float64 {
	sum := e.critic.sum(e.rows[:e.samples*e.critic.stride])
	return -(sum/float64(e.samples) + float64(e.critic.offset[0])) + e.k.value()
}

// sum returns Σ C − offset over rows of pre-activations, [window][stride].
func (w *network) sum(rows []float32) float64 {
	sum := 0.0
	for at := 0; at < len(rows); at += w.stride {
		for h, x := range rows[at:][:w.hidden] {
			if x > 0 {
				sum += float64(x) * float64(w.second[h])
			}
		}
	}
	return sum
}

// value returns K·ℓ of the batch after end; AbsoluteIndependent has ℓ = sign(D′)·D.
func (k *kTerm) value() float64 {
	if k.weight == 0 {
		return 0
	}
	mean := func(distance func(j int) float64) float64 {
		sum := 0.0
		for j := range k.fake {
			sum += distance(j)
		}
		return sum / float64(len(k.fake))
	}
	loss := 0.0
	switch k.form {
	case Absolute, AbsoluteSign:
		loss = math.Abs(k.difference)
	case AbsoluteIndependent:
		loss = k.independentSign * k.difference
	case Square:
		loss = k.difference * k.difference
	case AbsolutePairs:
		loss = mean(func(j int) float64 { return math.Abs(k.fake[j] - k.real[j]) })
	case SquarePairs:
		loss = mean(func(j int) float64 { return (k.fake[j] - k.real[j]) * (k.fake[j] - k.real[j]) })
	case Sorted:
		loss = mean(func(j int) float64 { return math.Abs(k.fake[j] - k.matched[j]) })
	case Population:
		for _, b := range k.bins {
			loss += math.Abs(b) / float64(len(k.fake))
		}
	case Linear:
		loss = -k.difference
	case LinearFlipped:
		loss = k.difference
	}
	return k.weight * loss
}

// loss returns the penalty of so many interpolates, which squares describes.
func (p *penalty) loss(pairs int) (loss float64) {
	for block, squares := range p.squares {
		sum := 0.0
		for _, square := range squares[:min(lanes, pairs-block*lanes)] {
			e := excess(math.Sqrt(float64(square)), p.least)
			sum += e * e
		}
		loss += p.weight / float64(pairs) * sum
	}
	return loss
}

// norm returns the Euclidean norm of a vector. It is infinite if the squares overflow.
func norm(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	return math.Sqrt(sum)
}
