package grid

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// meanings lists, for settings of this program, the names that other programs
// and papers have for them. A name that may mean two settings leads to both.
var meanings = map[string]string{
	"replicates":     "seeds nseeds numseeds replicas runs nruns repeats nrepeats trials ntrials repetitions replicate restarts",
	"seed":           "rng rngseed randomseed randomstate masterseed baseseed",
	"neurons":        "n nneurons numneurons numberofneurons ncells numcells qubits nqubits numqubits nodes",
	"timesteps":      "t ntimesteps numtimesteps steps_per_window timebins nbins bins window windows windowlength windowsize tmax patches npatches sequencelength",
	"k":              "kweight kvalue klossweight kcoefficient lambdak weightk ks",
	"steps":          "epochs epoch nepochs numepochs maxepochs iterations iters iter niter niterations maxiter maxiterations nsteps numsteps maxsteps trainingsteps trainsteps updates nupdates generatorsteps generatorupdates gsteps",
	"layers":         "depth l nlayers numlayers layer reps circuitdepth circuitlayers ansatzdepth blocks",
	"batch_size":     "batch bs b nbatch minibatch minibatchsize batches",
	"critic_updates": "ncritic criticsteps criticiterations criticiters nd dsteps discriminatorsteps discriminatorupdates nudiscriminator",
	"hidden_units":   "hidden hiddensize hiddendim hiddenwidth hiddenlayersize nhidden width criticwidth critichidden criticunits",
	"generator_learning_rate critic_learning_rate": "lr learningrate eta stepsize alpha",
	"generator_learning_rate":                      "lrg glr generatorlr lrgenerator genlr lrgen quantumlr",
	"critic_learning_rate":                         "lrc lrd clr dlr criticlr lrcritic disclr lrdisc discriminatorlr discriminatorlearningrate lrdiscriminator",
	"beta1":                                        "b1 momentum adambeta1",
	"beta2":                                        "b2 adambeta2",
	"beta1 beta2":                                  "betas adam adambetas optimizer optimiser",
	"constraint":                                   "lipschitz regularisation regularizer regulariser penaltytype gptype",
	"penalty_weight":                               "gp gpweight gplambda lambdagp gradientpenalty gradientpenaltyweight penalty lambda",
	"clip_bound":                                   "clipvalue clipweights weightclip weightclipping clipping",
	"gradient":                                     "estimator gradientestimator gradientmethod diffmethod differentiation",
	"k_loss":                                       "klosstype klossform lossform",
	"objective k_loss":                             "loss lossfunction cost",
	"schedule":                                     "lrschedule scheduler lrscheduler lrdecay learningrateschedule annealing decay",
	"average":                                      "ema emadecay movingaverage polyak averaging",
	"order":                                        "gateorder layerorder",
	"final_encoding":                               "lastencoding encodelast finalnoise",
	"entangler":                                    "entanglement entangling entanglinglayer cnot cnots connectivity topology",
	"auxiliary":                                    "ancilla ancillas ancillae ancillaqubits nancilla aux auxqubits naux auxiliaries auxiliaryqubits nauxiliary",
	"auxiliary_readout":                            "postselect postselection readout",
	"noise":                                        "noisetype latent latentnoise z noisemode",
	"noise_low":                                    "noisemin minnoise noiselower",
	"noise_high":                                   "noisemax maxnoise noiseupper",
	"noise_low noise_high":                         "noiserange noiseinterval gamma",
	"initial_angles":                               "init initialisation initialization initangles initialangle initializer initialiser",
	"source path":                                  "data dataset recording input",
	"path":                                         "file filename datafile datapath recordingfile recordingpath inputfile matfile",
	"select":                                       "selection cellselection neuronselection selectcells selectneurons cells cellids neuronids ids whichcells",
	"holdout":                                      "testsplit testsize testfraction validation validationsplit valsplit heldout holdoutfraction split",
	"clip":                                         "binarize binarise clipcounts clamp",
	"method":                                       "evaluationmethod eval evalmethod",
	"samples":                                      "nsamples numsamples shots nshots samplesize evaluationsamples evalsamples",
	"history_every":                                "historyinterval logevery evalevery historyfrequency loginterval evalinterval",
	"preset":                                       "model template profile",
}

// synonyms leads from each of these names, folded, to the settings it may mean.
var synonyms = func() map[string][]string {
	all := map[string][]string{}
	for settings, words := range meanings {
		for word := range strings.FieldsSeq(words) {
			all[fold(word)] = strings.Fields(settings)
		}
	}
	return all
}()

// fold makes names equal that differ only in case, hyphens and underscores.
func fold(name string) string { return separators.Replace(strings.ToLower(name)) }

// separators is made once: building a Replacer takes much longer than using it.
var separators = strings.NewReplacer("_", "", "-", "", ".", "", " ", "")

// similar returns those of the candidates that a misspelt word may mean: one
// that is equal when folded, else its synonyms, else one within two edits.
func similar(word string, candidates []string) []string {
	folded := fold(word)
	equal := func(candidate string) bool { return candidate != "" && fold(candidate) == folded }
	if i := slices.IndexFunc(candidates, equal); i >= 0 {
		return candidates[i : i+1]
	}
	isCandidate := func(name string) bool { return slices.Contains(candidates, name) }
	if meant := synonyms[folded]; meant != nil && slices.ContainsFunc(meant, isCandidate) {
		return slices.DeleteFunc(slices.Clone(meant), func(name string) bool { return !isCandidate(name) })
	}
	best, nearest := min(2, len(folded)/2)+1, ""
	for _, candidate := range candidates {
		if distance := levenshtein.Distance(folded, fold(candidate), nil); candidate != "" && distance < best {
			best, nearest = distance, candidate
		}
	}
	if nearest == "" {
		return nil
	}
	return []string{nearest}
}

// didYouMean returns `; did you mean "…"?` with the candidates that are similar
// to a misspelt word, or "" if none is.
func didYouMean(word string, candidates []string) string {
	var quoted []string
	for _, name := range similar(word, candidates) {
		quoted = append(quoted, fmt.Sprintf("%q", name))
	}
	if quoted == nil {
		return ""
	}
	return "; did you mean " + strings.Join(quoted, " or ") + "?"
}
