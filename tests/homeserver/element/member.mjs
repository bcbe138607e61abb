// A member with matrix-js-sdk and its Rust cryptography, as in Element: it speaks only with devices that their
// owners have signed. One JSON request per line on stdin ({id, method, params}), one answer per line on stdout.

import readline from "node:readline";
import * as sdk from "matrix-js-sdk";
import { CryptoEvent, OnlySignedDevicesIsolationMode, VerificationPhase, VerifierEvent } from "matrix-js-sdk/lib/crypto-api/index.js";
import { decodeRecoveryKey } from "matrix-js-sdk/lib/crypto-api/recovery-key.js";
import { logger } from "matrix-js-sdk/lib/logger.js";

logger.setLevel(process.env.ELEMENT_LOG ?? "silent");
for (const name of ["log", "info", "warn", "debug", "trace"]) console[name] = (...words) => process.env.ELEMENT_LOG && console.error(...words);

// The library expects Node 22; this is all that it misses in Node 20.
Promise.withResolvers ??= function () {
    const parts = {};
    parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
    return parts;
};

let client;
let recoveryKey;

const crypto = () => client.getCrypto();
const MEGOLM = "m.megolm.v1.aes-sha2";

async function until(what, condition, seconds = 30) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
        const found = await condition();
        if (found) return found;
        if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

async function enter({ homeserver, user, password }) {
    const bare = sdk.createClient({ baseUrl: homeserver });
    const login = await bare.loginRequest({
        type: "m.login.password",
        identifier: { type: "m.id.user", user },
        password,
    });
    client = sdk.createClient({
        baseUrl: homeserver,
        userId: login.user_id,
        deviceId: login.device_id,
        accessToken: login.access_token,
        cryptoCallbacks: {
            getSecretStorageKey: async ({ keys }) => [Object.keys(keys)[0], recoveryKey],
            cacheSecretStorageKey: () => {},
        },
        verificationMethods: ["m.sas.v1"],
    });
    await client.initRustCrypto({ useIndexedDB: false });
    crypto().setDeviceIsolationMode(new OnlySignedDevicesIsolationMode());
    return { user: login.user_id, password };
}

async function start() {
    await client.startClient({ initialSyncLimit: 50 });
    await until("the first sync", () => client.isInitialSyncComplete());
}

const methods = {
    // A member of his own: an identity that is made here.
    async login(params) {
        const { user, password } = await enter(params);
        await crypto().bootstrapCrossSigning({
            authUploadDeviceSigningKeys: (make) =>
                make({ type: "m.login.password", identifier: { type: "m.id.user", user }, password }),
        });
        await start();
        return { user, device: client.getDeviceId() };
    },

    // Another session of an account whose identity somebody else has made: restored with the recovery key.
    async restore({ recovery_key, ...params }) {
        recoveryKey = decodeRecoveryKey(recovery_key);
        await enter(params);
        await start();
        // A client imports private keys only for an identity that it has seen.
        await crypto().userHasCrossSigningKeys(client.getUserId(), true);
        await crypto().bootstrapCrossSigning({});
        await until("the signature of this device", async () => {
            return (await devicesOf(client.getUserId()))[client.getDeviceId()]?.signedByOwner;
        });
        return {
            device: client.getDeviceId(),
            ready: await crypto().isCrossSigningReady(),
            devices: await devicesOf(client.getUserId()),
        };
    },

    // Secret storage as Element makes it. Returns the recovery key that a person would write down.
    async make_storage() {
        const made = await crypto().createRecoveryKeyFromPassphrase();
        recoveryKey = made.privateKey;
        await crypto().bootstrapSecretStorage({ createSecretStorageKey: async () => made, setupNewSecretStorage: true });
        return made.encodedPrivateKey;
    },

    async create_room({ invite, encrypted = true, direct = false }) {
        const made = await client.createRoom({
            invite,
            is_direct: direct,
            ...(direct ? {} : { name: "A room" }),
            preset: direct ? "trusted_private_chat" : "private_chat",
            initial_state: encrypted
                ? [{ type: "m.room.encryption", state_key: "", content: { algorithm: MEGOLM } }]
                : [],
        });
        await until("the room", () => client.getRoom(made.room_id));
        return made.room_id;
    },

    async joined({ room, user }) {
        await until(`${user} in the room`, () => client.getRoom(room)?.getMember(user)?.membership === "join");
        return true;
    },

    async say({ room, body }) {
        return (await client.sendTextMessage(room, body)).event_id;
    },

    // The answer to an event, as this client shows it, and what it thinks of the device that sent it.
    async answer({ room, event, seconds = 30 }) {
        const found = await until(
            `an answer to ${event}`,
            () =>
                client.getRoom(room)?.getLiveTimeline().getEvents().find((one) =>
                        one.getWireContent()["m.relates_to"]?.["m.in_reply_to"]?.event_id === event &&
                        one.getType() === "m.room.message" && !one.isDecryptionFailure(),
                ),
            seconds,
        );
        return await shown(found);
    },

    async count({ room, event }) {
        return client.getRoom(room).getLiveTimeline().getEvents()
            .filter((one) => one.getWireContent()["m.relates_to"]?.["m.in_reply_to"]?.event_id === event).length;
    },

    async devices({ user }) {
        return await devicesOf(user);
    },

    // Verification by emoji, asked for by this member; `people` compare by themselves, so it says that they match.
    async verify({ user, device, room }) {
        await crypto().userHasCrossSigningKeys(user, true);
        const request = room
            ? await crypto().requestVerificationDM(user, room)
            : await crypto().requestDeviceVerification(user, device);
        await until("ready", () => request.phase === VerificationPhase.Ready);
        const verifier = await request.startVerification("m.sas.v1");
        let emoji;
        verifier.on(VerifierEvent.ShowSas, (sas) => {
            emoji = sas.sas.emoji;
            sas.confirm();
        });
        await verifier.verify();
        await until("done", () => request.phase === VerificationPhase.Done);
        // Its own signature of the other's identity comes back with the next list of keys.
        const verified = await until("trust", async () => (await crypto().getUserVerificationStatus(user)).isVerified());
        return { emoji, verified };
    },

    async quit() {
        client?.stopClient();
        setTimeout(() => process.exit(0), 50);
        return true;
    },
};

async function devicesOf(user) {
    const found = (await crypto().getUserDeviceInfo([user], true)).get(user) ?? new Map();
    const devices = {};
    for (const device of found.keys()) {
        const status = await crypto().getDeviceVerificationStatus(user, device);
        devices[device] = { signedByOwner: status?.signedByOwner, verified: status?.isVerified() };
    }
    return devices;
}

async function shown(event) {
    const info = await crypto().getEncryptionInfoForEvent(event);
    const device = event.getWireContent().device_id;
    const status = device && (await crypto().getDeviceVerificationStatus(event.getSender(), device));
    return {
        body: event.getContent().body,
        wire: event.getWireType(),
        shield: info?.shieldColour ?? null,
        reason: info?.shieldReason ?? null,
        signedByOwner: status?.signedByOwner ?? null,
    };
}

for await (const line of readline.createInterface({ input: process.stdin })) {
    const { id, method, params } = JSON.parse(line);
    Promise.resolve()
        .then(() => methods[method](params ?? {}))
        .then(
            (result) => ({ id, result: result ?? null }),
            (error) => ({ id, error: String(error?.stack ?? error) }),
        )
        .then((answer) => process.stdout.write(`${JSON.stringify(answer)}\n`));
}
process.exit(0);
