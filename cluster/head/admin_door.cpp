#include "cluster/head/admin_door.hpp"

#include <atomic>

#include "cluster/spec/join_token.hpp"
#include "storage/crash_point.hpp"

namespace troupe::cluster {

using observe::kv;

namespace {

using Finish = std::function<void(Result<std::string>)>;

/// AdminCall::done of one call. Runs `finish` once: with the head's result, or with an error when the call is dropped.
class PendingCall {
 public:
  explicit PendingCall(Finish finish) : finish_(std::move(finish)) {}
  PendingCall(const PendingCall&) = delete;
  PendingCall& operator=(const PendingCall&) = delete;
  ~PendingCall() {
    end(fail(Errc::unavailable, "the head stopped before it answered; what was asked may have been done"));
  }

  void end(Result<std::string> result) {
    if (auto finish = std::exchange(finish_, {})) finish(std::move(result));
  }

 private:
  Finish finish_;
};

/// Refused writes that the head may be told of and has not taken yet.
constexpr uint32_t refusals_waiting_max = 32;
constexpr size_t fingerprint_digits = 12;

bool is_stranger(const Error& error) {
  return error.code == Errc::unauthenticated || error.code == Errc::permission_denied;
}

void log_write(const observe::Logger& log, const AuditAct& act, const Error* error) {
  if (error == nullptr) {
    log.info("admin write", kv("action", act.action), kv("subject", act.object), kv("who", act.who),
             kv("from", act.from), kv("result", "ok"));
    return;
  }
  log.warn("admin write", kv("action", act.action), kv("subject", act.object), kv("who", act.who), kv("from", act.from),
           kv("result", to_string(error->code)), kv("error", error->message));
}

}  // namespace

/// What the head cannot take now it gets to know as a number, once it has taken what waits.
class AdminDoor::Refusals : public std::enable_shared_from_this<Refusals> {
 public:
  explicit Refusals(actor::Ref head) : head_(std::move(head)) {}

  void tell(AuditAct act, const Error& error) {
    const bool has_room = waiting_.fetch_add(1) < refusals_waiting_max;
    std::shared_ptr<void> slot(nullptr, [self = shared_from_this()](void*) { self->taken(); });
    if (!has_room || !head_.send(RefusedWrite{std::move(act), error, slot})) ++untold_;
  }

 private:
  void taken() {
    if (--waiting_ > 0) return;
    const uint64_t count = untold_.exchange(0);
    // Where the head is full, or ends, they are told of after the next one.
    if (count > 0 && !head_.send(UntoldWrites{count})) untold_ += count;
  }

  const actor::Ref head_;
  std::atomic<uint32_t> waiting_{0};
  std::atomic<uint64_t> untold_{0};
};

AdminDoor::AdminDoor(actor::Ref head, const std::string& admin_key, observe::Logger log)
    : head_(head),
      who_("admin key " + hash_of_secret(admin_key).substr(0, fingerprint_digits)),
      refusals_(std::make_shared<Refusals>(std::move(head))),
      log_(std::move(log)) {}

void AdminDoor::read(View view, Select select, const ResponderRef& responder) const {
  call(GetView{view}, {}, [responder, select = std::move(select)](Result<std::string> result) {
    answer_with(responder, 200, std::move(result), select);
  });
}

void AdminDoor::ask(decltype(AdminCall::what) what, const ResponderRef& responder) const {
  call(std::move(what), {},
       [responder](Result<std::string> result) { answer_with(responder, 200, std::move(result)); });
}

void AdminDoor::send_bytes(decltype(AdminCall::what) what, const ResponderRef& responder) const {
  call(std::move(what), {}, [responder](Result<std::string> result) {
    if (!result) return answer_with(responder, 200, std::move(result));
    responder->respond(200, "application/octet-stream", std::move(*result),
                       {{"cache-control", "no-store"}, {"x-content-type-options", "nosniff"}});
  });
}

void AdminDoor::send_page(decltype(AdminCall::what) what, const ResponderRef& responder) const {
  call(std::move(what), {}, [responder](Result<std::string> result) {
    if (!result) return answer_with(responder, 200, std::move(result));
    responder->respond(200, "text/html; charset=utf-8", std::move(*result),
                       {{"cache-control", "no-store"},
                        {"content-security-policy",
                         "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
                         "frame-ancestors 'none'"},
                        {"referrer-policy", "no-referrer"},
                        {"x-content-type-options", "nosniff"}});
  });
}

void AdminDoor::write(decltype(AdminCall::what) what, AdminWrite about, int status,
                      const ResponderRef& responder) const {
  AuditAct act = act_of(about);
  call(std::move(what), act, [responder, status, act, log = log_](Result<std::string> result) {
    if (result) storage::crash_point("head.before_answer");
    log_write(log, act, result ? nullptr : &result.error());
    answer_with(responder, status, std::move(result));
  });
}

void AdminDoor::refuse_write(const AdminWrite& about, const Error& error, const ResponderRef& responder) const {
  AuditAct act = act_of(about);
  if (is_stranger(error)) act.who = "unknown";
  log_write(log_, act, &error);
  refusals_->tell(std::move(act), error);
  refuse(*responder, error);
}

void AdminDoor::call(decltype(AdminCall::what) what, AuditAct by, Finish finish) const {
  const auto pending = std::make_shared<PendingCall>(std::move(finish));
  const Status sent = head_.send(AdminCall{
      std::move(what), [pending](Result<std::string> result) { pending->end(std::move(result)); }, std::move(by)});
  if (!sent) pending->end(fail(Errc::unavailable, "the head cannot take this now: {}", sent.error().message));
}

}  // namespace troupe::cluster
