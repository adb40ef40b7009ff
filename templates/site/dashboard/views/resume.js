// Resumes a paused campaign.
export async function resume(app) {
  const yes = await app.dialog.ask({
    title: "Resume sending?",
    text: "Messages are sent again at once, at the usual rate. If the cause persists, sending pauses again, and Amazon may suspend the account.",
    yes: "Resume sending",
    isHarsh: true,
  });
  if (!yes) return;
  try {
    await app.api.post(`/campaigns/${app.campaign}/resume`);
    app.say("Sending has resumed.");
  } catch (error) {
    app.say(error.code === "not_paused" ? "Sending is already on. Another user has resumed it." : error.message);
  }
  await app.refreshNow();
}
