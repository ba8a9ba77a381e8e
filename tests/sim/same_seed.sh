#!/bin/sh
# same_seed.sh SIM: the same seed gives the same run, another one another.
set -eu
sim=$1
first=$("$sim" --seed 77 --steps 5000 | grep digest)
again=$("$sim" --seed 77 --steps 5000 | grep digest)
other=$("$sim" --seed 78 --steps 5000 | grep digest)
[ "$first" = "$again" ] || { echo "two runs of seed 77 differ: $first, $again"; exit 1; }
[ "$first" != "$other" ] || { echo "seeds 77 and 78 give the same run: $first"; exit 1; }
