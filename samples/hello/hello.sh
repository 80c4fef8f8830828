#!/bin/sh
# Says something at once, works a little, and ends well.
echo "Hello from deployment $SPEED_DEPLOYMENT_ID"
for step in 1 2 3; do
  sleep 1
  echo "step $step of 3"
done
echo "all steps done" >&2
echo "42"
