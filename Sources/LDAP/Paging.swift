internal import CLDAP
public import LDAPModel
internal import Reactor

extension LDAPSession {
  /// Searches page by page (RFC 2696) and passes each page to `each`. While one page is processed, the next one is
  /// requested, and no more than that: memory is bounded by two pages, however many entries there are.
  ///
  /// A server without paged results fails it with `unavailableCriticalExtension`. Servers keep one paged search per
  /// connection, so a second one on this session waits until the first has ended. If `each` throws, or the task is
  /// cancelled, the search ends and the server is told to discard it.
  ///
  /// The search must make progress: a server that sends empty pages, or repeats a page, ends its session.
  ///
  /// - Throws: any error of `each`, or ``LDAPError``; the entries are complete only if it returns.
  public func search(
    base: DistinguishedName, scope: SearchScope, filter: Filter, attributes: [String] = [], pageSize: Int,
    each: @Reactor ([Entry]) async throws -> Void
  ) async throws {
    await pages.enter()
    defer { pages.leave() }
    let query = SearchQuery(base: base, scope: scope, filter: filter, attributes: attributes)
    var page = try await page(query, sizeLimit: 0, control: PageRequest(size: pageSize, cookie: []))
    var progress = PagingProgress()
    while true {
      if let violation = progress.violation(page, limits) { throw violated(violation) }
      if progress.barren > 0, !page.cookie.isEmpty {
        try await Reactor.sleep(for: AnswerLimits.pause(afterBarren: progress.barren))
      }
      let next = following(page, query, pageSize)
      do {
        try await each(page.entries)
        try Task.checkCancellation()
      } catch {
        await forget(next, query)
        throw error
      }
      guard let next else { return }
      page = try await withTaskCancellationHandler {
        try await next.value.get()
      } onCancel: {
        next.cancel()
      }
    }
  }

  private typealias PageTask = Task<Result<SearchProgress.Page, LDAPError>, Never>

  /// Requests the page after this one; nil after the last.
  private func following(_ page: SearchProgress.Page, _ query: SearchQuery, _ size: Int) -> PageTask? {
    if page.cookie.isEmpty { return nil }
    let request = PageRequest(size: size, cookie: page.cookie)
    return Task(executorPreference: Reactor.loop) { await self.result(of: query, request) }
  }

  private func result(
    of query: SearchQuery, _ request: PageRequest
  ) async -> Result<SearchProgress.Page, LDAPError> {
    do throws(LDAPError) {
      return .success(try await page(query, sizeLimit: 0, control: request))
    } catch {
      return .failure(error)
    }
  }

  /// Ends a search of which a page is in flight: size 0 with the cookie (RFC 2696 section 3).
  private func forget(_ next: PageTask?, _ query: SearchQuery) async {
    guard let cookie = try? await next?.value.get().cookie, !cookie.isEmpty else { return }
    _ = await result(of: query, PageRequest(size: 0, cookie: cookie))
  }
}

/// Checks whether a paged search makes progress.
private struct PagingProgress {
  private var entries = 0
  private var first: DistinguishedName?
  /// Consecutive pages without entries.
  private(set) var barren = 0

  /// The violation in the next page; nil if there is none.
  mutating func violation(_ page: SearchProgress.Page, _ limits: AnswerLimits) -> String? {
    entries += page.entries.count
    barren = page.entries.isEmpty ? barren + 1 : 0
    let isAgain = first != nil && page.entries.first?.dn == first
    first = page.entries.first?.dn ?? first
    if barren > limits.barrenPages, !page.cookie.isEmpty { return "it keeps sending empty pages" }
    if isAgain { return "it sends the same page again" }
    return entries > limits.entries ? "a search returns more than \(limits.entries) entries" : nil
  }
}

/// Identifies the requested page of a search.
struct PageRequest: Sendable {
  var size: Int
  /// Empty for the first.
  var cookie: [UInt8]
}

extension PageRequest: SearchControl {
  var octets: [UInt8] { cookie }

  /// The control is critical, because without it the answer could have any size.
  func make(
    _ ld: OpaquePointer, _ value: inout berval, _ control: inout UnsafeMutablePointer<LDAPControl>?
  ) -> Int32 {
    unsafe ldap_create_page_control(ld, ber_int_t(clamping: size), &value, 1, &control)
  }
}
