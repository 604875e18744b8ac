public import LDAPModel

/// The one place that knows what result codes mean.
public enum ErrorClassifier {
  /// The operation that was under way when the code arrived.
  public enum Activity: Sendable, CaseIterable {
    case connect
    case search
    case add
    case modify
    case rename
    case delete

    public init(_ operation: Operation) {
      self =
        switch operation {
        case .add: .add
        case .modify: .modify
        case .rename: .rename
        case .delete: .delete
        }
    }
  }

  /// Classifies a failure. `code` is not success.
  ///
  /// A write that is refused as by a read-only server is classified as if it concerned its entry alone: a referral
  /// object or a restriction gives the same answers. Whether the server takes no writes at all must be asked of it.
  ///
  /// - Parameter diagnostic: the server's message, which decides where the code is ambiguous.
  public static func classify(
    code: ResultCode, during activity: Activity, diagnostic: String = ""
  ) -> FailureClass {
    switch (activity, code) {
    case (.connect, .serverDown), (.connect, .timeout), (.connect, .connectError), (.connect, .busy),
      (.connect, .unavailable), (.connect, .localError), (.connect, .decodingError):
      .connectionLost
    // Any other error of a bind concerns us or the server, not an entry; 49 must not be retried rapidly.
    case (.connect, _): .ofTheDirectory
    case (.search, .sizeLimitExceeded), (.search, .adminLimitExceeded), (.search, .timeLimitExceeded): .search
    // The base of a search comes from the configuration, not from an entry.
    case (.search, .noSuchObject), (.search, .invalidDNSyntax): .ofTheDirectory
    case (.search, _) where isReadOnly(code, diagnostic): .ofTheDirectory
    case (_, _) where isReadOnly(code, diagnostic): .access
    default: byCode[code] ?? (code.isLocal ? .ofTheDirectory : .ambiguous)
    }
  }

  /// Whether the answer to a search whose base is one entry's name concerns that entry alone: it does not exist, is
  /// not visible, is elsewhere, or its name is invalid. Never a reason to pause the directory.
  public static func concernsObject(_ code: ResultCode) -> Bool { objectCodes.contains(code) }

  /// The codes of such answers, without operationsError (1): Active Directory returns that to unbound sessions.
  public static let objectCodes: Set<ResultCode> = {
    let own = byCode.filter { [.ofTheEntry, .repairable, .access, .ambiguous].contains($0.value) }
    return Set(own.keys).union([.referral, .aliasDereferencingProblem]).subtracting([.operationsError])
  }()

  /// Whether a replica answers writes so, with or without a referral to its provider. A server that takes writes gives
  /// the same answers to one that concerns a referral object, or is restricted (slapd's `restrict`).
  public static func isReadOnly(_ code: ResultCode, _ diagnostic: String) -> Bool {
    if code == .referral { return true }
    guard code == .unwillingToPerform else { return false }
    let words = diagnostic.lowercased()
    // slapd's replicas and its `readonly on`; 389's `nsslapd-readonly`.
    return ["shadow context", "operation restricted", "read-only", "read only", "readonly"].contains {
      words.contains($0)
    }
  }

  private static let byCode: [ResultCode: FailureClass] = {
    let table: [FailureClass: [ResultCode]] = [
      .connectionLost: [.serverDown, .timeout, .connectError, .unavailable, .localError, .decodingError],
      .busy: [.busy, .timeLimitExceeded],
      .ambiguous: [.other, .unwillingToPerform, .operationsError],
      .repairable: [.entryAlreadyExists, .noSuchObject, .attributeOrValueExists, .noSuchAttribute],
      .ofTheEntry: [
        .undefinedAttributeType, .inappropriateMatching, .constraintViolation, .invalidAttributeSyntax,
        .aliasProblem, .invalidDNSyntax, .namingViolation, .objectClassViolation, .notAllowedOnNonLeaf,
        .notAllowedOnRDN, .objectClassModsProhibited, .affectsMultipleDSAs, .encodingError,
      ],
      .ofTheDirectory: [
        .protocolError, .authMethodNotSupported, .strongerAuthRequired, .unavailableCriticalExtension,
        .confidentialityRequired, .inappropriateAuthentication, .invalidCredentials,
        .saslBindInProgress, .loopDetect, .aliasDereferencingProblem,
      ],
      .access: [.insufficientAccessRights, .referral],
      .search: [.sizeLimitExceeded, .adminLimitExceeded],
    ]
    var result: [ResultCode: FailureClass] = [:]
    for (failure, codes) in table {
      for code in codes { result[code] = failure }
    }
    return result
  }()
}
