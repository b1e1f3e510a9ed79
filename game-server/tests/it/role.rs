//! The role protocol: who is answered what, and what is counted.

use game_server::Options;
use sproto::value;

use crate::client::Client;
use crate::server::{Server, options};

#[tokio::test]
async fn the_lobby_names_the_game() {
    let server = Server::start(options());
    let mut client = Client::connect(server.lobby).await;
    let (name, reply) = client.request("ServerListRequest", value!({})).await;
    assert_eq!(name, "ServerListResponse");
    assert_eq!(reply["ServerList"][0].as_str(), Some(format!("ws://{}", server.game).as_str()));
    client.close().await;
    assert_eq!(server.stop().await.requests["ServerListRequest"], 1);
}

#[tokio::test]
async fn the_lobby_gives_out_the_advertised_address() {
    let server = Server::start(Options { advertise: Some("wss://play.example/game".into()), ..options() });
    let mut client = Client::connect(server.lobby).await;
    let (_, reply) = client.request("ServerListRequest", value!({})).await;
    assert_eq!(reply["ServerList"][0].as_str(), Some("wss://play.example/game"));
}

#[tokio::test]
async fn a_player_logs_in_and_is_echoed() {
    let server = Server::start(options());
    let mut client = Client::connect(server.game).await;
    let (name, reply) = client.request("LoginReuest", value!({})).await;
    assert_eq!(name, "LoginRespone");
    assert!((1..=100).contains(&reply["MyValue"].as_i64().unwrap()));
    for text in ["hello", "", "日本語", &"x".repeat(60_000)] {
        assert_eq!(client.echo(text).await, format!("{text} from server"));
    }
    client.close().await;
    let totals = server.stop().await;
    assert_eq!((totals.logins, totals.requests["EchoRequest"]), (1, 4));
    assert_eq!(totals.dropped_connections, 0);
}

#[tokio::test]
async fn a_seed_gives_the_same_numbers_again_and_another_seed_gives_others() {
    let values = async |seed| {
        let server = Server::start(Options { seed, ..options() });
        let mut values = Vec::new();
        for _ in 0..20 {
            let mut client = Client::connect(server.game).await;
            values.push(client.request("LoginReuest", value!({})).await.1["MyValue"].as_i64().unwrap());
        }
        values
    };
    assert_eq!(values(7).await, values(7).await);
    assert_ne!(values(7).await, values(8_000).await);
}

#[tokio::test]
async fn requests_that_come_at_once_are_answered_in_order() {
    let server = Server::start(options());
    let mut client = Client::login(server.game).await;
    for i in 0..500 {
        client.ask("EchoRequest", value!({ Text: (i.to_string()) })).await;
    }
    for i in 0..500 {
        assert_eq!(client.reply().await.1["Text"].as_str(), Some(format!("{i} from server").as_str()));
    }
}

#[tokio::test]
async fn totals_are_exact_under_concurrent_players() {
    let server = Server::start(options());
    let play = async |address, echoes: usize| {
        let mut client = Client::login(address).await;
        for _ in 0..echoes {
            client.echo("x").await;
        }
        client
    };
    let players = futures_util::future::join_all((0..50).map(|i| play(server.game, i))).await;
    futures_util::future::join_all(players.into_iter().map(Client::close)).await;
    let totals = server.stop().await;
    let echoes = (0..50).sum::<u64>();
    assert_eq!((totals.logins, totals.peak_sessions, totals.live_sessions), (50, 50, 0));
    assert_eq!((totals.messages_in["EchoRequest"], totals.messages_out["EchoResponse"]), (echoes, echoes));
    assert_eq!((totals.requests["EchoRequest"], totals.unanswered["EchoRequest"]), (echoes, 0));
    assert_eq!((totals.connections["game"], totals.connections["lobby"]), (50, 0));
    assert_eq!((totals.dropped_connections, totals.live_connections), (0, 0));
}
