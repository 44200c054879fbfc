#!/bin/sh
# Runs once, inside the container of InfluxDB 2.7, after its first start has made
# the organisation and the bucket. Makes what the others need: a token for phusong
# that can read and write this one bucket, a reader for Grafana, and the mapping
# through which InfluxQL finds the bucket.
set -eu

bucket=$DOCKER_INFLUXDB_INIT_BUCKET_ID

influx v1 dbrp create --db phusong --rp autogen --default --bucket-id "$bucket"
influx v1 auth create --username grafana --password "$(cat /run/secrets/influxdb-grafana.password)" --read-bucket "$bucket"

umask 022
influx auth create --description phusong --read-bucket "$bucket" --write-bucket "$bucket" --json |
    sed -n 's/^[[:space:]]*"token": "\(.*\)",\{0,1\}$/\1/p' >/tokens/phusong.token.new
test -s /tokens/phusong.token.new
mv /tokens/phusong.token.new /tokens/phusong.token
