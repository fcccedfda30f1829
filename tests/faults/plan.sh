# shellcheck shell=bash
# What is broken, and when: a list that the seed decides, drawn before anything runs. To be sourced
# after stack/process.sh. It starts no process and looks at none. BROKERS: how many of Kafka.
#
# PLAN gets one fault an element: time (1/100 s since the load began), kind, target, number. The
# number is how long the fault lasts (1/100 s), or how many there shall be. A target that is not
# likely to be whole again is left alone; two different ones may be broken at the same time.

# weight, kind, of whom or what
readonly PLAN_WEIGHTS=(
	'10 kill order' '8 kill-relay orders' '14 kill delivery'
	'6 stop order' '8 stop delivery'
	'8 pause order' '14 pause delivery' '6 pause kafka'
	'5 kill kafka' '4 stop kafka'
	'4 kill postgres' '4 quit postgres' '4 kill-backend postgres' '8 end-backend postgres'
	'10 scale replicas' '10 duplicates topic'
)
readonly PLAN_FIRST_CS=200
readonly PLAN_GAP_MIN_CS=400 PLAN_GAP_CS=500 # from one fault to the next
readonly PLAN_TOGETHER_PERCENT=20            # that the next one comes within a second instead
readonly PLAN_REPLICAS_AT_FIRST=2 PLAN_REPLICAS_MAX=3

# plan_roll SIDES: sets ROLL to a number from 0 to SIDES - 1.
plan_roll() {
	ROLL=$((RANDOM % $1))
}

# plan_draw SEED SECONDS PARTITIONS...: sets PLAN. PARTITIONS: the topic grows to each of them, at
# equal distances.
plan_draw() {
	local end=$(($2 * 100)) at=$PLAN_FIRST_CS growth=("${@:3}") step=0
	RANDOM=$1
	PLAN=()
	PLAN_REPLICAS=$PLAN_REPLICAS_AT_FIRST
	declare -gA PLAN_WHOLE_AT=() # when a target is likely to be whole again
	while ((at < end)); do
		if ((step < ${#growth[@]} && at >= end * (step + 1) / (${#growth[@]} + 1))); then
			PLAN+=("$at grow topic ${growth[step]}")
			step=$((step + 1))
		else
			plan_fault "$at"
		fi
		plan_roll 100
		if ((ROLL < PLAN_TOGETHER_PERCENT)); then
			plan_roll 100
			at=$((at + ROLL))
		else
			plan_roll "$PLAN_GAP_CS"
			at=$((at + PLAN_GAP_MIN_CS + ROLL))
		fi
	done
}

# plan_fault AT: adds a fault of a target that is whole at that time. All may be broken: then none.
plan_fault() {
	local tries kind target
	for ((tries = 0; tries < 20; tries++)); do
		plan_choose
		plan_is_whole "$1" "$target" || continue
		plan_add "$1"
		return
	done
}

# plan_choose: sets the caller's kind and target, by the weights.
plan_choose() {
	local entry weight sum=0
	for entry in "${PLAN_WEIGHTS[@]}"; do
		sum=$((sum + ${entry%% *}))
	done
	plan_roll "$sum"
	for entry in "${PLAN_WEIGHTS[@]}"; do
		read -r weight kind target <<<"$entry"
		((ROLL >= weight)) || break
		ROLL=$((ROLL - weight))
	done
	case $target in
	order)
		plan_roll 2
		target=order-service
		((ROLL == 0)) || target=order-service-2
		;;
	delivery)
		plan_roll "$PLAN_REPLICAS"
		target=delivery-$((ROLL + 1))
		;;
	kafka)
		target=kafka-1
		((BROKERS > 1)) || return 0 # no roll: the plans of one broker stay what they are
		plan_roll "$BROKERS"
		target=kafka-$((ROLL + 1))
		;;
	esac
}

# plan_parts TARGET: sets PARTS to the processes, or things, that a fault of the target breaks.
plan_parts() {
	case $1 in
	orders) PARTS=(order-service order-service-2) ;;
	replicas) PARTS=(delivery-1 delivery-2 delivery-3) ;;
	*) PARTS=("$1") ;;
	esac
}

# plan_is_whole AT TARGET: all its parts are likely to be whole at that time.
plan_is_whole() {
	local part
	plan_parts "$2"
	for part in "${PARTS[@]}"; do
		(($1 >= ${PLAN_WHOLE_AT[$part]:-0})) || return 1
	done
}

# plan_add AT: adds the caller's kind and target, with a number, and says when it will be over.
plan_add() {
	local at=$1 number part lasts recovery=300
	case $kind:$target in
	pause:order*) plan_number 400 1500 ;;
	pause:delivery*) plan_number 200 1500 ;;
	pause:*) plan_number 200 800 ;;
	duplicates:*) plan_number 1 100 ;;
	scale:*)
		plan_roll $((PLAN_REPLICAS_MAX - 1))
		number=$(((PLAN_REPLICAS + ROLL) % PLAN_REPLICAS_MAX + 1))
		PLAN_REPLICAS=$number
		;;
	*) plan_number 0 200 ;;
	esac
	[[ $target != kafka-* ]] || recovery=800
	lasts=$number
	[[ $kind != duplicates && $kind != scale ]] || lasts=0
	plan_parts "$target"
	for part in "${PARTS[@]}"; do
		PLAN_WHOLE_AT[$part]=$((at + lasts + recovery))
	done
	PLAN+=("$at $kind $target $number")
}

# plan_number MIN MAX: sets the caller's number.
plan_number() {
	plan_roll $(($2 - $1 + 1))
	number=$(($1 + ROLL))
}

# plan_show: prints PLAN for a reader.
plan_show() {
	local entry at kind target number
	for entry in "${PLAN[@]}"; do
		read -r at kind target number <<<"$entry"
		case $kind in
		scale | grow) number="to $number" ;;
		duplicates) number="$number messages" ;;
		*-backend) number= ;;
		*) printf -v number 'for %d.%02d s' $((number / 100)) $((number % 100)) ;;
		esac
		printf '%5d.%02d s  %-13s %-16s %s\n' $((at / 100)) $((at % 100)) "$kind" \
			"$target" "$number"
	done
}
