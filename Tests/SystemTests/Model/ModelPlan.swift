import Foundation
import Sandbox

/// What a run of the model is made of.
///
/// `ROLLCALL_MODEL_SECONDS` says for how long (90), `ROLLCALL_MODEL_SEED` repeats what an earlier run has drawn,
/// `ROLLCALL_MODEL_FAULTS` names the only kinds of faults, and `ROLLCALL_MODEL_DIRECTORY` the directory server.
struct ModelPlan: Sendable {
  private static let environment = ProcessInfo.processInfo.environment
  static let seconds = environment["ROLLCALL_MODEL_SECONDS"].flatMap(Int.init) ?? 90
  /// The seed of a run to be repeated.
  static let given = environment["ROLLCALL_MODEL_SEED"].flatMap(UInt64.init)
  static let seed = given ?? UInt64.random(in: 0..<1_000_000)
  private static let kinds = environment["ROLLCALL_MODEL_FAULTS"].map { $0.split(separator: ",").map(String.init) }
  static let directory = environment["ROLLCALL_MODEL_DIRECTORY"].flatMap(DirectoryServerKind.init) ?? .openLDAP
  /// Whether there is time for what takes long.
  static let isLong = environment["ROLLCALL_SOAK"] != nil

  /// People have groups and containers, and removals a tiny budget that an operator has to help out of.
  var isHeld = false
  /// Two directory servers replicate to each other, and the daemon may use either.
  var isMirrored = false
  /// Another directory reads the same log, and is away for several rounds.
  var hasSecond = false

  /// Leavers wait in a place of their own; elsewhere they are deleted at once.
  var hasLeavers: Bool { !isHeld && !isMirrored }

  /// Entries are made by hand before their people come; what one server of a mirror has the other may lack just then.
  var hasHandmade: Bool { !isMirrored }

  /// How long the directory may take to converge: in a mirror each server in turn may have to be compared.
  var patience: Duration { .seconds(isMirrored ? 300 : 90) }

  /// What may happen to the servers, and what to one daemon.
  var faults: [[ModelFaults.Fault]] {
    let ofDaemons = ModelFaults.Fault.ofDaemons
    let ofServers = ModelFaults.Fault.allCases.filter { fault in
      switch fault {
      case .loseStandby: ModelPlan.isLong
      case .cutReplication, .swallowReplication: isMirrored
      // The mapping's fingerprint changes, so the next comparison holds every removal.
      case .alterKey: isHeld
      default: !ofDaemons.contains(fault)
      }
    }
    return [ofServers, ofDaemons].map { all in
      all.filter { ModelPlan.kinds?.contains($0.rawValue) != false }
    }
  }
}
