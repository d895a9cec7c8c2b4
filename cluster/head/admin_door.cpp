#include "cluster/head/admin_door.hpp"

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

void audit(const observe::Logger& log, const AdminWrite& write, const Error* error) {
  if (error == nullptr) {
    log.info("admin write", kv("action", write.action), kv("subject", write.subject), kv("who", "admin key"),
             kv("from", write.from), kv("result", "ok"));
    return;
  }
  const bool is_unknown = error->code == Errc::unauthenticated || error->code == Errc::permission_denied;
  log.warn("admin write", kv("action", write.action), kv("subject", write.subject),
           kv("who", is_unknown ? "unknown" : "admin key"), kv("from", write.from),
           kv("result", to_string(error->code)), kv("error", error->message));
}

}  // namespace

void AdminDoor::read(View view, Select select, const ResponderRef& responder) const {
  call(GetView{view}, [responder, select = std::move(select)](Result<std::string> result) {
    answer_with(responder, 200, std::move(result), select);
  });
}

void AdminDoor::ask(decltype(AdminCall::what) what, const ResponderRef& responder) const {
  call(std::move(what), [responder](Result<std::string> result) { answer_with(responder, 200, std::move(result)); });
}

void AdminDoor::write(decltype(AdminCall::what) what, AdminWrite about, int status,
                      const ResponderRef& responder) const {
  call(std::move(what), [responder, status, about = std::move(about), log = log_](Result<std::string> result) {
    if (result) storage::crash_point("head.before_answer");
    audit(log, about, result ? nullptr : &result.error());
    answer_with(responder, status, std::move(result));
  });
}

void AdminDoor::refuse_write(const AdminWrite& about, const Error& error, const ResponderRef& responder) const {
  audit(log_, about, &error);
  refuse(*responder, error);
}

void AdminDoor::call(decltype(AdminCall::what) what, Finish finish) const {
  const auto pending = std::make_shared<PendingCall>(std::move(finish));
  const Status sent = head_.send(
      AdminCall{std::move(what), [pending](Result<std::string> result) { pending->end(std::move(result)); }});
  if (!sent) pending->end(fail(Errc::unavailable, "the head cannot take this now: {}", sent.error().message));
}

}  // namespace troupe::cluster
