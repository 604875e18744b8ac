internal import RollcallCore

/// Every metric there is. Names and labels are a contract: dashboards and rules of others are written for them.
extension MetricFamily {
  package static let all: [MetricFamily] = state + counts + waiting

  private static let state: [MetricFamily] = [
    .one("database_up", .gauge, "Whether PostgreSQL could be read.") { _ in 1 },
    MetricFamily(
      "info", .gauge,
      "Version, kind of server, and where lag begins: at the commit, or at the trigger if track_commit_timestamp is off."
    ) { [("", [("version", $0.version), ("kind", $0.kind), ("lag", $0.lagFrom)], 1)] },
    .one("leader", .gauge, "Whether a process leads the directory.") { $0.isLed ? 1 : 0 },
    .one("directory_up", .gauge, "Whether the leading process is connected to the directory.") {
      $0.isUp ? 1 : 0
    },
    .one("watermark_timestamp_seconds", .gauge, "Time up to which all committed changes have settled.") {
      $0.watermark
    },
    .one(
      "oldest_unsettled_timestamp_seconds", .gauge,
      "Time of the oldest change that has not settled; the current time if all have."
    ) { $0.oldestUnsettled },
    .one("reconcile_timestamp_seconds", .gauge, "Time of the last full comparison; 0 if there was none.") {
      $0.reconciled
    },
    .one("reconcile_duration_seconds", .gauge, "Duration of the last full comparison.") {
      $0.reconcileDuration
    },
  ]

  private static let counts: [MetricFamily] = [
    MetricFamily("lag_seconds", .histogram, "Time from a change to the confirmed write.", lag),
    MetricFamily(
      "changes_total", .counter, "Changed keys, by what found them.", by: "found_by",
      Counters.Finder.allCases, text: { $0.rawValue }, value: { $0.counters.changes[$1] }),
    .one(
      "notifications_missed_total", .counter, "Changes that no notification named although writers were to notify."
    ) { Double($0.counters.missedNotifications) },
    MetricFamily(
      "drift_total", .counter, "Differences that only a full comparison found, by their cause.",
      by: "cause", Counters.DriftCause.allCases, text: { $0.rawValue }, value: { $0.counters.drift[$1] }),
    MetricFamily(
      "settled_total", .counter, "Processed keys, by outcome.", by: "outcome",
      Counters.Settlement.allCases, text: { $0.rawValue }, value: { $0.counters.settled[$1] }),
    MetricFamily("operations_total", .counter, "Operations that the directory has answered.") { metrics in
      Step.What.allCases.flatMap { what in
        Counters.Answer.allCases.map { answer in
          (
            "", [("operation", what.rawValue), ("result", answer.rawValue)],
            Double(metrics.counters.operations[answer]?[what] ?? 0)
          )
        }
      }
    },
    MetricFamily(
      "removals_total", .counter, "Entries deleted or disabled, and memberships taken away.", by: "action",
      Removal.Action.allCases, text: { $0.rawValue }, value: { $0.counters.removals[$1] }),
    MetricFamily(
      "reconnects_total", .counter, "Interruptions of work by the loss or an error of a server, by side.",
      by: "side", Counters.Side.allCases,
      text: { $0.rawValue }, value: { $0.counters.reconnects[$1] }),
  ]

  private static let waiting: [MetricFamily] = [
    MetricFamily(
      "queue_keys", .gauge, "Keys that wait or are processed.", by: "priority", Priority.allCases, text: { $0.label },
      value: { $0.queue[$1] }),
    .one("log_changes", .gauge, "Changes in the log that the directory has not settled, up to a million.") {
      Double($0.logChanges)
    },
    MetricFamily(
      "parked", .gauge, "Keys parked with an error.", by: "reason", Problem.Reason.allCases.map(\.rawValue),
      text: { $0 }, value: { $0.parked[$1] }),
    MetricFamily(
      "held", .gauge, "Removals, takeovers and leaves that wait for a person.", by: "action",
      Removal.Action.allCases.map(\.rawValue) + ["takeover"], text: { $0 }, value: { $0.held[$1] }),
    .one("pinned", .gauge, "Keys pinned by a person.") { Double($0.pinned) },
    .one("managed_entries", .gauge, "Entries that carry a link.") { Double($0.managed) },
    .one("removal_budget_remaining", .gauge, "How many more entries may be removed now.") { Double($0.budget) },
    MetricFamily("follow_pending", .gauge, "Journal rows that a follower has not taken, up to ten thousand.") {
      $0.followers.map { ("", [("name", $0.name)], Double($0.pending)) }
    },
  ]

  @Sendable
  private static func lag(_ metrics: DirectoryMetrics) -> [Sample] {
    Priority.allCases.flatMap { priority -> [Sample] in
      let histogram = metrics.counters.lag[priority] ?? LagHistogram()
      let label = [(name: "priority", value: priority.label)]
      var samples: [Sample] = []
      var sum = 0
      for (index, count) in histogram.counts.enumerated() {
        sum += count
        let isLast = index == LagHistogram.bounds.count
        let bound = isLast ? "+Inf" : number(Double(LagHistogram.bounds[index]) / 1e6)
        samples.append(("_bucket", label + [(name: "le", value: bound)], Double(sum)))
      }
      samples.append(("_sum", label, Double(histogram.sum) / 1e6))
      samples.append(("_count", label, Double(sum)))
      return samples
    }
  }
}
