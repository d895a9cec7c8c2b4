"""The rival's side: one replica that doubles the numbers of an Open Inference Protocol body."""

from ray import serve


@serve.deployment(num_replicas=1, max_ongoing_requests=128, ray_actor_options={"num_cpus": 0.1})
class Doubled:
    async def __call__(self, request):
        body = await request.json()
        tensor = body["inputs"][0]
        return {"outputs": [{**tensor, "data": [2 * value for value in tensor["data"]]}]}


app = Doubled.bind()
