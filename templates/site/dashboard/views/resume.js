// Lets a paused campaign go on.
export async function resume(app) {
  const yes = await app.dialog.ask({
    title: "Resume sending?",
    text: "Mail goes out again at once, at the usual pace. If the cause is still there, it will pause again, and Amazon may stop the account.",
    yes: "Resume sending",
    isHarsh: true,
  });
  if (!yes) return;
  try {
    await app.api.post(`/campaigns/${app.campaign}/resume`);
    app.say("Sending goes on.");
  } catch (error) {
    app.say(error.code === "not_paused" ? "It is not paused any more: somebody else resumed it." : error.message);
  }
  await app.refreshNow();
}
