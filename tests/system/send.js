// nodemailer as a client: node send.js PORT CA plain|starttls
const fs = require('fs');
const nodemailer = require('nodemailer');
const [port, ca, tls] = process.argv.slice(2);

const transport = nodemailer.createTransport({
  host: '127.0.0.1',
  port: Number(port),
  secure: false,
  ignoreTLS: tls === 'plain',
  requireTLS: tls === 'starttls',
  tls: {ca: fs.readFileSync(ca), servername: 'mx.test'},
});

transport
  .sendMail({
    from: 'a@src.test',
    to: 'nodemailer@dst.test',
    subject: 'nodemailer ' + tls,
    text: 'one\n..two dots\nthree\n',
  })
  .then(info => console.log(info.response))
  .catch(error => {
    console.error(error);
    process.exit(1);
  });
