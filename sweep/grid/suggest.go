package grid

import (
	"slices"
	"strconv"
	"strings"

	"spiqsweep/sweep"
)

// meanings lists, by setting or baseline, the names that other programs and papers use
// for it. A name may stand for two settings.
var meanings = map[string]string{
	"replicates":     "seeds nseeds numseeds replicas runs nruns repeats nrepeats trials ntrials repetitions replicate",
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
	"restarts":                                     "starts nstarts nrestarts numrestarts initialisations initializations",
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
	"holdout_time":                                 "holdouttimes timeholdout heldouttime holdoutbins holdoutblocks blockholdout movieholdout temporalsplit timesplit",
	"clip":                                         "binarize binarise clipcounts clamp",
	"bin_ms":                                       "bin binwidth binsize binlength binwidthms binsizems binduration dt timestepms timebin resolution",
	"duration_s":                                   "duration length repeatlength repeatduration seconds durations triallength trialduration tstop",
	"variable":                                     "variablename varname matvariable arrayname array key dataname field",
	"axes":                                         "axis axisorder axesorder dims dimensions dimorder layout transpose permute",
	"method":                                       "evaluationmethod eval evalmethod",
	"samples":                                      "nsamples numsamples shots nshots samplesize evaluationsamples evalsamples",
	"history_every":                                "historyinterval logevery evalevery historyfrequency loginterval evalinterval",
	"preset":                                       "model template profile",
	sweep.ModelRBM:                                 "crbm boltzmann boltzmannmachine restrictedboltzmann restrictedboltzmannmachine",
}

// synonyms maps each of these names, folded, to the settings or the baseline it may mean.
var synonyms = func() map[string][]string {
	all := map[string][]string{}
	for settings, words := range meanings {
		for word := range strings.FieldsSeq(words) {
			all[sweep.FoldName(word)] = strings.Fields(settings)
		}
	}
	return all
}()

// similar returns the candidates that a misspelt name may mean: one that is equal
// when folded, else its synonyms, else the nearest (see sweep.Nearest).
func similar(name string, candidates []string) []string {
	nearest, folded := sweep.Nearest(name, candidates), sweep.FoldName(name)
	if sweep.FoldName(nearest) != folded {
		var meant []string
		for _, setting := range synonyms[folded] {
			if slices.Contains(candidates, setting) {
				meant = append(meant, setting)
			}
		}
		if meant != nil {
			return meant
		}
	}
	if nearest == "" {
		return nil
	}
	return []string{nearest}
}

// didYouMean returns `; did you mean "…"?` with the candidates that are similar
// to a misspelt name, or "" if none is.
func didYouMean(name string, candidates []string) string {
	var quoted []string
	for _, candidate := range similar(name, candidates) {
		quoted = append(quoted, strconv.Quote(candidate))
	}
	if quoted == nil {
		return ""
	}
	return "; did you mean " + strings.Join(quoted, " or ") + "?"
}
