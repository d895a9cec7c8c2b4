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

struct AdminDoor::Refusals {
  std::atomic<uint32_t> waiting{0};
  std::atomic<uint64_t> left_out{0};
};

AdminDoor::AdminDoor(actor::Ref head, const std::string& admin_key, observe::Logger log)
    : head_(std::move(head)),
      who_("admin key " + hash_of_secret(admin_key).substr(0, fingerprint_digits)),
      refusals_(std::make_shared<Refusals>()),
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
  tell_of_refusal(std::move(act), error);
  refuse(*responder, error);
}

/// What the head cannot take now it gets to know as a number, with the next one.
void AdminDoor::tell_of_refusal(AuditAct act, const Error& error) const {
  if (refusals_->waiting.fetch_add(1) >= refusals_waiting_max) {
    --refusals_->waiting;
    ++refusals_->left_out;
    return;
  }
  std::shared_ptr<void> slot(nullptr, [refusals = refusals_](void*) { --refusals->waiting; });
  const uint64_t left_out = refusals_->left_out.exchange(0);
  if (!head_.send(RefusedWrite{std::move(act), error, left_out, std::move(slot)})) refusals_->left_out += left_out + 1;
}

void AdminDoor::call(decltype(AdminCall::what) what, AuditAct by, Finish finish) const {
  const auto pending = std::make_shared<PendingCall>(std::move(finish));
  const Status sent = head_.send(AdminCall{
      std::move(what), [pending](Result<std::string> result) { pending->end(std::move(result)); }, std::move(by)});
  if (!sent) pending->end(fail(Errc::unavailable, "the head cannot take this now: {}", sent.error().message));
}

}  // namespace troupe::cluster
