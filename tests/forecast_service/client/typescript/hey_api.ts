// A forecast, a sweep with typed levers and an error through the client that hey-api generates.
import { client } from "./client/client.gen";
import { getForecast, postForecast, postSweep } from "./client/index";
import type { Scenario, SweptPledge } from "./client/index";

async function main(url: string): Promise<void> {
  client.setConfig({ baseUrl: url });

  const asked = await getForecast({ path: { code: "DEU" }, query: { deadline: 2030, quantiles: [0.1, 0.5] } });
  if (!asked.data) throw new Error(asked.error.detail);

  const scenario: Scenario = {
    name: "half way, after a recession",
    levers: [
      { type: "gdp_growth", change_pp: -3, from: 2027, to: 2027 },
      { type: "pledge", share_pct: 3.5, year: 2035, credibility: "learned" },
    ],
  };
  const posted = await postForecast({ body: { country: "ESP", scenario, targets: { deadline: 2032 } } });
  if (!posted.data) throw new Error(posted.error.detail);

  const defaults = await postForecast({ body: { country: "DEU", scenario: { levers: [{ type: "freeze" }] } } });
  if (!defaults.data) throw new Error(defaults.error.detail);

  const pledge: SweptPledge = {
    type: "pledge",
    component: { grid: ["core", "related"] },
    share_pct: { grid: [3, 3.5] },
    year: 2035,
    credibility: { from: 0, to: 1, steps: 3 },
  };
  const sweep = await postSweep({ body: { countries: ["DEU"], scenario: { levers: [pledge] } } });
  if (!sweep.data) throw new Error(sweep.error.detail);

  const refused = await getForecast({ path: { code: "DEU" }, query: { deadline: 1990 } });

  console.log(
    JSON.stringify({
      get: asked.data.targets[0]?.probability?.at_deadline,
      post: posted.data.targets[0]?.probability?.at_deadline,
      defaults: defaults.data.id,
      sweep: [sweep.data.axes, sweep.data.evaluations],
      error: refused.error?.errors?.[0]?.parameter,
    }),
  );
}

void main(process.argv[2] ?? "");
