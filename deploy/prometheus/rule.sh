#!/usr/bin/env bash
# Writes the alerts as a PrometheusRule: deploy/prometheus/rule.sh >deploy/kustomize/components/prometheus-operator/prometheusrule.yaml
set -euo pipefail
cat <<'END'
# Made of deploy/prometheus/alerts.yml by deploy/prometheus/rule.sh.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: forecast-service
  namespace: forecast-service
  labels: {app.kubernetes.io/name: forecast-service}
spec:
END
sed 's/^\(.\)/  \1/' "$(dirname "$0")/alerts.yml"
